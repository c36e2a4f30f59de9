"""PostgreSQL and Valkey as child processes, and the demo. The production image is without it: it brings no servers."""
