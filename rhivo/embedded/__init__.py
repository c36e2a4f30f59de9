"""PostgreSQL and Valkey as child processes, for the demo and the tests; production brings its own servers."""

from rhivo.embedded.binaries import NoServer
from rhivo.embedded.postgres import PostgresServer
from rhivo.embedded.valkey import ValkeyServer

__all__ = ["NoServer", "PostgresServer", "ValkeyServer"]
