"""Throw-away servers for the tests: a database and a broker that nothing else uses.

DATABASE_URL and a running demo are never touched. TEST_DATABASE_URL (an administrator's) and TEST_REDIS_URL name
servers that tests may use instead.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from rhivo.db import roles
from rhivo.local.postgres_server import PostgresServer
from rhivo.local.valkey_server import ValkeyServer

DATABASE = "rhivo"
"""Named by the URLs; Django makes `test_rhivo` from it and never opens this one."""
_MARK = "RHIVO_TEST_SERVERS"


def already_there() -> bool:
    """Whether a process above this one (the check run, the pytest controller) has started them."""
    return _MARK in os.environ


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Yield the environment that leads to them. Raises NoServer if none can be had."""
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="rhivo-test-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # PostgreSQL may run as another user
        admin_url = os.environ.get("TEST_DATABASE_URL") or _postgres(folder / "postgres", cleanup)
        passwords = {role: secrets.token_urlsafe(16) for role in ("app", "worker", "owner")}
        urls = roles.prepare(admin_url, database=DATABASE, passwords=passwords)
        _let_the_owner_make_databases(admin_url)
        yield {
            _MARK: str(os.getpid()),
            "TEST_ADMIN_URL": admin_url,
            "RHIVO_ENV": "test",
            "DATABASE_URL": urls["app"],
            "WORKER_DATABASE_URL": urls["worker"],
            "MIGRATION_DATABASE_URL": urls["owner"],
            "REDIS_URL": os.environ.get("TEST_REDIS_URL") or _valkey(folder / "valkey", cleanup),
        }


def _postgres(folder: Path, cleanup: ExitStack) -> str:
    server = PostgresServer(folder, fsync=False)
    cleanup.callback(server.wipe)
    cleanup.callback(server.stop)
    return server.start()


def _valkey(folder: Path, cleanup: ExitStack) -> str:
    server = ValkeyServer(folder)
    cleanup.callback(server.stop)
    return server.start()


def _let_the_owner_make_databases(admin_url: str) -> None:
    """Each test process makes one, as the owner, who may neither install extensions nor close system functions."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE rhivo_owner CREATEDB")
    with psycopg.connect(admin_url, dbname="template1", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        connection.execute(roles.NO_LARGE_OBJECTS)
