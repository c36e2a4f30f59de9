"""PgBouncer in transaction mode in front of the test database, from the package `pgbouncer`."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from rhivo.db.database_url import parts_of, rewritten
from rhivo.local.processes import Child, free_port, wait_until
from rhivo.local.server_account import unprivileged_account
from rhivo.testing.database import URL_OF

POOL_SIZE = 4
# scram with plain passwords in the file, for PgBouncer must log in to the server with them. The pool is small, so
# that clients meet on a connection. application_name_add_host lets the server tell clients apart.
_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
application_name_add_host = 1
ignore_startup_parameters = extra_float_digits
"""


def program() -> str | None:
    """Return where PgBouncer is, None if it is not installed. Debian keeps it where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def version() -> tuple[int, int]:
    """Return its major and minor version, (0, 0) if it is not installed."""
    if (found := program()) is None:
        return (0, 0)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"(\d+)\.(\d+)", said)
    assert number
    return int(number[1]), int(number[2])


@dataclass(frozen=True)
class PgBouncer:
    """One that runs: each role has POOL_SIZE connections to the server, shared by all clients.

    The server knows them by an application_name that ends in a client's address.
    """

    port: int
    child: Child

    def url(self, role: str) -> str:
        """Return a role's URL through it."""
        return rewritten(os.environ[URL_OF[role]], host="127.0.0.1", port=self.port)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("app"), autocommit=True, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def pooling(*, prepared_statements: int = 0) -> Iterator[PgBouncer]:
    """Run it for a block, as an ordinary user on a free port of 127.0.0.1."""
    with tempfile.TemporaryDirectory(prefix="rhivo-pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # it may run as another user
        child, port = _spawn(folder, prepared_statements)
        pooler = PgBouncer(port, child)
        try:
            # Ended counts as an end of waiting: a bad configuration is told at once and not after 20 s.
            if not wait_until(lambda: not child.running or pooler.answers(), seconds=20) or not child.running:
                raise RuntimeError(f"PgBouncer does not come up:\n{child.tail()}")
            yield pooler
        finally:
            child.stop()


def _spawn(folder: Path, prepared_statements: int) -> tuple[Child, int]:
    found = program()
    assert found, "PgBouncer is not installed"
    direct = parts_of(os.environ[URL_OF["app"]])
    own_port, users, settings = free_port(), folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text("".join(_credentials(role) for role in ("app", "worker")))
    text = _CONFIGURATION.format(
        host=direct["host"], port=direct.get("port", "5432"), own_port=own_port, users=users, pool_size=POOL_SIZE
    )
    settings.write_text(text + (f"max_prepared_statements = {prepared_statements}\n" if prepared_statements else ""))
    account = unprivileged_account()
    for file in (users, settings):
        file.chmod(0o600)
        if account:
            os.chown(file, account.uid, account.gid)
    child = Child.spawn(
        "pgbouncer",
        [found, "-q", settings],
        log=folder / "pgbouncer.log",
        user=account.uid if account else None,
        group=account.gid if account else None,
    )
    return child, own_port


def _credentials(role: str) -> str:
    parts = parts_of(os.environ[URL_OF[role]])
    return f'"{parts["user"]}" "{parts["password"]}"\n'
