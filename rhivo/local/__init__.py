"""PostgreSQL and Valkey as child processes, and the demo. Production brings its own servers and has no such package."""
