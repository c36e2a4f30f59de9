"""Servers for the tests: a database and a broker, PgBouncer, a web server."""
