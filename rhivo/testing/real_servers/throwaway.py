"""Throw-away servers for the tests: a database and a broker that nothing else uses.

DATABASE_URL and a running demo are never touched. TEST_DATABASE_URL (an administrator's) and TEST_REDIS_URL name
servers that tests may use instead.
"""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from rhivo.db import roles
from rhivo.local.postgres_server import PostgresServer
from rhivo.local.processes import started_at
from rhivo.local.server_account import unprivileged_account
from rhivo.local.server_programs import find_postgres
from rhivo.local.valkey_server import ValkeyServer
from rhivo.testing.real_servers.cluster_cache import ClusterCache
from rhivo.testing.template_database import ensure_template, fingerprint

# Named by the URLs; Django makes `test_rhivo` from it and never opens this one.
DATABASE = "rhivo"
_MARK = "RHIVO_TEST_SERVERS"
_PREFIX = "rhivo-test-"
_ROOM = 2 * 1024**3  # the containers of many CI services have a /dev/shm of 64 MB


def already_there() -> bool:
    """Tell whether a process above this one (`make test`, the controller of xdist) has started them."""
    return _MARK in os.environ


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Yield the environment that leads to them. Raises NoServer if none can be had."""
    with ExitStack() as cleanup:
        folder = _folder()
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # PostgreSQL may run as another user
        admin_url = os.environ.get("TEST_DATABASE_URL") or _postgres(folder / "postgres", cleanup)
        urls = _prepare(admin_url)
        yield {
            _MARK: str(os.getpid()),
            "TEST_ADMIN_URL": admin_url,
            "RHIVO_ENV": "test",
            "DATABASE_URL": urls["app"],
            "WORKER_DATABASE_URL": urls["worker"],
            "MIGRATION_DATABASE_URL": urls["owner"],
            "REDIS_URL": os.environ.get("TEST_REDIS_URL") or _valkey(folder / "valkey", cleanup),
        }


def _folder() -> Path:
    """Make a folder for this process, in memory where there is room; remove those of processes that were killed."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes names that nobody can foresee
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    # In memory, because PostgreSQL writes much and syncs nothing here. Whoever sets TMPDIR knows better.
    base = memory if roomy and "TMPDIR" not in os.environ else Path(tempfile.gettempdir())
    for left_behind in base.glob(f"{_PREFIX}*-*"):
        pid = left_behind.name.removeprefix(_PREFIX).partition("-")[0]
        # The name holds the pid: a folder whose process is gone was left by a killed run. Its servers ended with it.
        if pid.isdecimal() and started_at(int(pid)) is None:
            shutil.rmtree(left_behind, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))


def _postgres(folder: Path, cleanup: ExitStack) -> str:
    """Start a copy of a cluster that has the template already; the first run after a change makes it."""
    # fsync off: a test database need not survive a crash of the machine, and each commit is milliseconds faster.
    server = PostgresServer(folder, fsync=False)
    cleanup.callback(server.wipe)
    cleanup.callback(server.stop)
    ClusterCache().fetch(_cluster_key(), server.home, lambda: _make_cluster(server))
    return server.start()


def _cluster_key() -> str:
    """Two clusters are the same if the same programs made them for the same user from the same files."""
    account = unprivileged_account()
    user = account.name if account else str(os.geteuid())
    return f"{find_postgres().version}-{user}-{fingerprint()}"


def _make_cluster(server: PostgresServer) -> None:
    print("Making the cluster that tests copy, once for this schema", file=sys.stderr)
    try:
        _prepare(server.start())
    finally:
        server.stop()


def _prepare(admin_url: str) -> dict[str, str]:
    """Make the roles, with passwords of this run, and the template database; return each role's URL."""
    passwords = {role: secrets.token_urlsafe(16) for role in ("app", "worker", "owner")}
    urls = roles.prepare(admin_url, database=DATABASE, passwords=passwords)
    _let_the_owner_make_databases(admin_url)
    ensure_template(admin_url, urls["owner"])
    return urls


def _valkey(folder: Path, cleanup: ExitStack) -> str:
    server = ValkeyServer(folder)
    cleanup.callback(server.stop)
    return server.start()


def _let_the_owner_make_databases(admin_url: str) -> None:
    """Let rhivo_owner make databases that have what only an administrator can give them."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # In production an administrator makes the one database. Here each test process makes its own.
        connection.execute("ALTER ROLE rhivo_owner CREATEDB")
    # In template1, which new databases copy: the owner may neither install extensions nor close system functions.
    with psycopg.connect(admin_url, dbname="template1", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        connection.execute(roles.NO_LARGE_OBJECTS)
