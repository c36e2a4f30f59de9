"""Start all of Rhivo on one machine, watch over it, and stop it cleanly.

It handles processes and folders alone. It runs `manage.py` to migrate and seed, and asks /readyz whether all is well.
"""

import http.client
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from rhivo.db import roles
from rhivo.local import running_demo
from rhivo.local.console import Stopped, say, step, stop_signals
from rhivo.local.demo_folder import DemoFolder, FolderUnusable
from rhivo.local.postgres_server import PostgresServer
from rhivo.local.processes import Child, port_is_free, wait_until
from rhivo.local.server_programs import NoServer
from rhivo.local.valkey_server import ValkeyServer

DATABASE = "rhivo_demo"
"""Its own name: on the server of a DATABASE_URL the demo uses, and --reset drops, no other database."""
READY_WITHIN = 120
BLOCKING_THREADS = 40
"""Per web process; most are for waiting. `rhivo.web.load_shedding` has Django work in a few others."""
CONNECTIONS = 512
"""Per web process. granian counts idle keep-alive connections too: open browsers would fill a tight limit."""


@dataclass(frozen=True)
class Options:
    port: int = 8000
    data_dir: Path = running_demo.CHECKOUT / ".demo"
    workers: int = 2
    reset: bool = False
    seed: bool = True


class CannotRun(Exception):
    """The demo cannot start or go on; the message tells the person at the terminal why and what to do."""


def run(options: Options) -> int:
    """Run until SIGINT or SIGTERM (exit code 0), or until something fails and is explained (1)."""
    demo = _Demo(options, DemoFolder(options.data_dir.absolute()))
    try:
        # Left in the opposite order: children stop, then the folder is free, and a signal counts until the end.
        with stop_signals(at_second=demo.kill), demo.folder.locked(), demo.cleanup:
            demo.start()
            demo.watch()
    except Stopped:
        say(f"Stopped. The data stays in {demo.folder.path}")
        return 0
    except (CannotRun, FolderUnusable, NoServer) as problem:
        say(f"\n{problem}")
    return 1


@dataclass
class _Demo:
    options: Options
    folder: DemoFolder
    cleanup: ExitStack = field(default_factory=ExitStack)
    environment: dict[str, str] = field(default_factory=dict)
    servers: list[PostgresServer | ValkeyServer] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.options.port}"

    def start(self) -> None:
        began = time.monotonic()
        self._check_port()
        say(f"Rhivo demo in {self.folder.path} (Ctrl-C stops it)")
        if self.options.reset:
            with step("Removing what was there before"):
                self._reset()
        self.environment = self._make_environment()
        # Before any process that reads the schema, and before _publish(): commands must not meet an empty database.
        self._manage("Migrating the database", "migrate", "--no-input", role="owner")
        self._start_processes()
        self._publish()
        # The processes come up meanwhile; loading the businesses needs neither of them.
        if self.options.seed:
            self._manage("Loading the demo businesses", "seed_demo", role="worker")
        with step("Waiting for web, worker and beat"):
            self._wait_until_ready()
        self._summarise(began)
        # Added last, so it runs first: the terminal has written ^C, and what follows begins on a new line.
        self.cleanup.callback(say, "")

    def watch(self) -> None:
        while True:
            self._check_parts()
            time.sleep(0.5)

    def kill(self) -> None:
        """End all parts without waiting for them. Runs in a signal handler, in the midst of anything."""
        for part in (*self.children, *self.servers):
            part.kill()
        running_demo.withdraw()

    def _check_port(self) -> None:
        port = self.options.port
        # Children of a killed launcher get a signal at its death, and keep the port until they have ended.
        patience = 15 if self.folder.left_in_disorder else 0
        try:
            if wait_until(lambda: port_is_free(port), seconds=patience):
                return
        except PermissionError as error:
            raise CannotRun(f"This user may not listen on port {port}. Choose one above 1023: --port 8001") from error
        free = next((p for p in range(port + 1, 65536) if port_is_free(p)), 8000)
        raise CannotRun(f"Port {port} is taken. Choose another: manage.py demo --port {free}")

    def _reset(self) -> None:
        # The server first: one that a killed launcher left behind would go on writing into the folder.
        PostgresServer(self.folder.postgres).wipe()
        if admin_url := os.environ.get("DATABASE_URL"):
            with _explained(), psycopg.connect(admin_url, autocommit=True) as connection:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
                connection.execute(drop)
        self.folder.wipe()

    def _make_environment(self) -> dict[str, str]:
        """Return what all processes of the demo share. A person's own settings win, save for servers and messages."""
        keys = self.folder.secrets()
        defaults = {
            "SECRET_KEY": keys["SECRET_KEY"],
            "JWT_SECRET": keys["JWT_SECRET"],
            "BASE_DOMAIN": "localhost",
            "ALLOWED_HOSTS": "localhost,.localhost,127.0.0.1",
            "PUBLIC_URL": self.url,
            "RHIVO_ENV": "demo",
            "RHIVO_THROTTLE": "on",
        }
        urls = self._prepare_database(keys)
        return {
            **{name: os.environ.get(name, value) for name, value in defaults.items()},
            "DATABASE_URL": urls["app"],
            "WORKER_DATABASE_URL": urls["worker"],
            "MIGRATION_DATABASE_URL": urls["owner"],
            "REDIS_URL": self._broker_url(),
            # Over an EMAIL_URL and CHANNEL_URLS of the person's own: made-up customers must get no real message.
            "MAIL_DIR": str(self.folder.mail),
            "CHANNEL_URLS": "",
        }

    def _prepare_database(self, keys: Mapping[str, str]) -> Mapping[str, str]:
        admin_url = os.environ.get("DATABASE_URL") or self._start_postgres()
        passwords = {role: keys[f"{role}_password"] for role in ("app", "worker", "owner")}
        with step("Creating roles and the database"), _explained():
            return roles.prepare(admin_url, database=DATABASE, passwords=passwords)

    def _start_postgres(self) -> str:
        server = PostgresServer(self.folder.postgres)
        self._start_server("PostgreSQL", server)
        if not server.home.is_relative_to(self.folder.path):
            say(f"    its data is in {server.home}: the user it runs as cannot enter {self.folder.path}")
        return server.url

    def _broker_url(self) -> str:
        if not (url := os.environ.get("REDIS_URL")):
            return self._start_server("Valkey", ValkeyServer(self.folder.valkey))
        try:
            redis.Redis.from_url(url, socket_connect_timeout=5).ping()
        except (redis.RedisError, ValueError) as error:
            raise CannotRun(f"The server that REDIS_URL names does not answer: {error}") from error
        return url

    def _start_server(self, name: str, server: PostgresServer | ValkeyServer) -> str:
        with step(f"Starting {name}") as note:
            # Before it starts: Ctrl-C during the start must stop what there is by then.
            self.cleanup.callback(_stop, name, server)
            server.start()
            self.servers.append(server)
            note(server.version)
        return server.url

    def _publish(self) -> None:
        self.cleanup.callback(running_demo.withdraw)
        if running_demo.publish(url=self.url, data_dir=self.folder.path, environment=self.environment):
            say("    from now on manage.py commands started from this checkout use its database")
        else:
            say("    another demo of this checkout runs: manage.py commands keep using that one's database")

    def _start_processes(self) -> None:
        self._start("worker", "celery", "-A", "rhivo", "worker", "--concurrency", "2", "--loglevel", "INFO")
        self._start("beat", "celery", "-A", "rhivo", "beat", "--loglevel", "INFO")
        self._start("web", *web_server(port=self.options.port, workers=self.options.workers), role="app")

    def _start(self, name: str, module: str, *arguments: str, role: str = "worker") -> None:
        child = self._spawn(name, "-m", module, *arguments, role=role)
        self.cleanup.callback(_stop, name, child)
        self.children.append(child)

    def _manage(self, doing: str, command: str, *arguments: str, role: str) -> str:
        """Run a `manage.py` command to its end and return its output; raise CannotRun if it fails."""
        with step(doing):
            child = self._spawn(command, "manage.py", command, *arguments, role=role)
            # Killed, not asked to stop: what it has not committed is rolled back by the server.
            self.cleanup.callback(child.kill)
            while child.running:
                self._check_parts()
                time.sleep(0.05)
        if child.process.returncode:
            raise CannotRun(f"manage.py {command} failed ({child.log}):\n{child.tail(25)}")
        return child.log.read_text()

    def _spawn(self, name: str, *arguments: str, role: str) -> Child:
        # Unbuffered, so that the end of the log says what a process did last.
        env = {**os.environ, **self.environment, "RHIVO_DB_ROLE": role, "PYTHONUNBUFFERED": "1"}
        log = self.folder.logs / f"{name}.log"
        # This interpreter with -m, not a script of its bin/: the environment need not be activated.
        return Child.spawn(name, [sys.executable, *arguments], log=log, env=env, cwd=running_demo.CHECKOUT)

    def _check_parts(self) -> None:
        for part in (*self.children, *self.servers):
            if not part.running:
                raise CannotRun(f"The {part.name} process ended by itself. The end of {part.log}:\n{part.tail()}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            self._check_parts()
            status, answer = _get(self.options.port, "/readyz")
            if status == 200:
                return
            if time.monotonic() > deadline:
                raise CannotRun(f"Not ready after {READY_WITHIN} s. {self.url}/readyz answers {status}:\n{answer}")
            time.sleep(0.1)

    def _summarise(self, began: float) -> None:
        businesses = self._manage("Looking up businesses and log-ins", "seed_demo", "--list", role="worker")
        say(
            f"\n{businesses.rstrip()}\n\n"
            f"Admin     {self.url}/admin/\n"
            f"API       {self.url}/api/v1/docs/\n"
            f"Mail      {self.folder.mail}\n"
            f"Logs      {self.folder.logs}\n"
            f"Up in {time.monotonic() - began:.1f} s. Ctrl-C stops everything.\n\n"
            f"ready {self.url}/"
        )


def web_server(*, port: int, workers: int) -> list[str]:
    """Return the module that serves the pages and the API on 127.0.0.1, and its arguments."""
    return [
        *("granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(BLOCKING_THREADS)),
        # Five seconds are less than the grace of Child.stop(): granian ends its own workers before it is killed.
        *("--backpressure", str(CONNECTIONS), "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        "rhivo.wsgi:application",
    ]


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise CannotRun(
            f"The database server refuses: {error}\n"
            "DATABASE_URL must name a running PostgreSQL and an administrator, who may create roles and databases."
        ) from error


def _stop(name: str, part: Child | PostgresServer | ValkeyServer) -> None:
    if part.running:
        with step(f"Stopping {name}"):
            part.stop()


def _get(port: int, path: str) -> tuple[int, str]:
    """Return status and body; 0 and the reason if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
