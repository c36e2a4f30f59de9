"""The installation under attack: PostgreSQL and Valkey of its own, with durability on, and processes to be killed."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rhivo.db import roles
from rhivo.local.demo_launcher import web_server
from rhivo.local.postgres_server import PostgresServer
from rhivo.local.processes import Child, free_port
from rhivo.local.running_demo import CHECKOUT
from rhivo.local.valkey_server import ValkeyServer

DATABASE = "rhivo_proof"


@dataclass
class Installation:
    """A migrated database with its broker, and the environment in which a process of Rhivo is part of it."""

    folder: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list, kw_only=True)

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    def spawn(self, name: str, *arguments: str, role: str, more: Mapping[str, str] | None = None) -> Child:
        """Start `python <arguments>` as a part of the installation; it ends with it at the latest."""
        env = {**os.environ, **self.environment, **(more or {}), "RHIVO_DB_ROLE": role, "PYTHONUNBUFFERED": "1"}
        log = self.folder / f"{name}.log"
        child = Child.spawn(name, [sys.executable, *arguments], log=log, env=env, cwd=CHECKOUT)
        self.children.append(child)
        return child

    def web(self, *, workers: int = 2, port: int = 0, more: Mapping[str, str] | None = None) -> tuple[Child, int]:
        """Start the web server, on a free port unless one is given; return it and its port.

        It answers some moments later. `more` adds to its environment.
        """
        port = port or free_port()
        return self.spawn("web", "-m", *web_server(port=port, workers=workers), role="app", more=more), port

    def worker(self) -> Child:
        return self.spawn("worker", "-m", "celery", "-A", "rhivo", "worker", "--concurrency", "2", role="worker")

    def beat(self) -> Child:
        schedule = str(self.folder / "beat-schedule")
        return self.spawn("beat", "-m", "celery", "-A", "rhivo", "beat", "--schedule", schedule, role="worker")

    def stop(self) -> None:
        """End its processes, the youngest first."""
        for child in reversed(self.children):
            child.stop()


@dataclass
class OwnInstallation(Installation):
    """An installation on servers of its own, which an attack may kill."""

    postgres: PostgresServer
    valkey: ValkeyServer


@contextmanager
def borrowed(environment: Mapping[str, str]) -> Iterator[Installation]:
    """Yield an installation that is somebody's: its servers are used and left as they are."""
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="rhivo-proof-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        own = {"RHIVO_ENV": "test", "RHIVO_THROTTLE": "off", "LOG_LEVEL": "WARNING", "MAIL_DIR": str(folder / "mail")}
        # Own secrets also on somebody's installation: the attack's web servers sign with them, and nobody else's
        # tokens are good there.
        secret = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "JWT_SECRET")}
        made = Installation(folder, {**environment, **secret, **own})
        cleanup.callback(made.stop)
        yield made


@contextmanager
def own_installation() -> Iterator[OwnInstallation]:
    """Yield an installation of its own, and remove it. Raises NoServer if none can be had."""
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="rhivo-proof-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # PostgreSQL may run as another user
        postgres, valkey = PostgresServer(folder / "postgres"), ValkeyServer(folder / "valkey")
        # An exit stack runs backwards: children stop first, then Valkey, then PostgreSQL, then the folders go.
        cleanup.callback(postgres.wipe)
        cleanup.callback(postgres.stop)
        cleanup.callback(valkey.stop)
        passwords = {role: secrets.token_urlsafe(16) for role in roles.ROLES}
        urls = roles.prepare(postgres.start(), database=DATABASE, passwords=passwords)
        environment = {
            "DATABASE_URL": urls["app"],
            "WORKER_DATABASE_URL": urls["worker"],
            "MIGRATION_DATABASE_URL": urls["owner"],
            "REDIS_URL": valkey.start(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "JWT_SECRET": secrets.token_urlsafe(48),
            "RHIVO_ENV": "test",
            # Limits would turn the attack away before it reaches what it attacks; they have tests of their own.
            "RHIVO_THROTTLE": "off",
            "LOG_LEVEL": "WARNING",
            "MAIL_DIR": str(folder / "mail"),
        }
        made = OwnInstallation(folder, environment, postgres, valkey)
        cleanup.callback(made.stop)
        migration = made.spawn("migrate", "manage.py", "migrate", "--no-input", role="owner")
        if migration.process.wait():
            raise RuntimeError(f"The migration failed:\n{migration.tail(40)}")
        yield made
