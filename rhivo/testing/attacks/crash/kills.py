"""Killing the parts of an installation with SIGKILL, and starting again what does not start again by itself."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import psycopg

from rhivo.db.database_url import parts_of
from rhivo.local.processes import Child, started_at, wait_until
from rhivo.testing.attacks.attacked_installation import OwnInstallation

UP_WITHIN = 60


class Victims:
    """Web, worker, beat and both servers of an installation, alive or dead."""

    def __init__(self, installation: OwnInstallation, random: Random, *, pooled: bool) -> None:
        self._installation, self._random = installation, random
        self._pool = {"RHIVO_DB_POOL": "on" if pooled else "off"}
        self.web, self.port = installation.web(more=self._pool)
        self.worker, self.beat = installation.worker(), installation.beat()
        self.killed: list[str] = []
        self._ways: list[tuple[int, Callable[[], None]]] = [
            # How often each comes in a deck: those that heal within a second more often, so that a short run kills
            # much.
            (4, self.a_web_worker),
            (1, self.the_web_server),
            (3, self.a_celery_child),
            (1, self.the_celery_worker),
            (1, self.beat_itself),
            (2, self.valkey),
            (1, self.valkey_hangs),
            (2, self.postgres),
            (3, self.a_connection),
            (2, self.a_backend),
        ]
        self._deck: list[Callable[[], None]] = []

    def one(self) -> None:
        """Kill the next of a shuffled deck, in which the quick ones come more often."""
        if not self._deck:
            self._deck = [way for times, way in self._ways for _ in range(times)]
            self._random.shuffle(self._deck)
        way = self._deck.pop()
        self.killed.append(way.__name__)
        way()

    def look_after(self) -> None:
        """Start again what ended by itself, as Docker or systemd does.

        granian ends when one of its workers dies twice in a row; Celery may when its broker dies at a wrong moment.
        """
        if not self.web.running:
            self._installation.children.remove(self.web)
            self.web, self.port = self._installation.web(port=self.port, more=self._pool)
        if not self.worker.running:
            self._installation.children.remove(self.worker)
            self.worker = self._installation.worker()
        if not self.beat.running:
            self._installation.children.remove(self.beat)
            self.beat = self._installation.beat()

    def stop(self) -> None:
        for child in (self.web, self.beat, self.worker):
            child.stop()
            self._installation.children.remove(child)

    def a_web_worker(self) -> None:
        """The server starts another by itself."""
        self._kill_one_of(self.web)

    def the_web_server(self) -> None:
        self._kill_all(self.web)
        self.web, self.port = self._installation.web(port=self.port, more=self._pool)

    def a_celery_child(self) -> None:
        """The worker starts another by itself."""
        self._kill_one_of(self.worker)

    def the_celery_worker(self) -> None:
        self._kill_all(self.worker)
        self.worker = self._installation.worker()

    def beat_itself(self) -> None:
        self._kill_all(self.beat)
        self.beat = self._installation.beat()

    def valkey(self) -> None:
        child = self._installation.valkey._child
        assert child is not None
        child.kill()
        child.process.wait()
        self._pause()
        url = self._installation.valkey.start()
        # The other processes were told the URL at their start; at another one they would wait for ever.
        if url != self._installation.environment["REDIS_URL"]:
            raise RuntimeError("Valkey came back at another address")

    def valkey_hangs(self) -> None:
        """Worse than dead: connections are taken and never answered."""
        child = self._installation.valkey._child
        assert child is not None
        # A stopped process keeps its sockets: the kernel accepts connections for it, and nobody answers.
        child.process.send_signal(signal.SIGSTOP)
        time.sleep(self._random.uniform(0.5, 1.5))
        child.process.send_signal(signal.SIGCONT)

    def postgres(self) -> None:
        """The postmaster and all of its processes at once, as a machine that loses its power."""
        child = self._installation.postgres._child
        assert child is not None
        # All at once: a child that notices the death of the postmaster ends by itself, in order.
        for pid in (child.process.pid, *_children(child.process.pid)):
            _kill(pid)
        child.process.wait()
        self._pause()
        self._installation.postgres.start()

    def a_connection(self) -> None:
        """As an administrator or a failing network ends it."""
        with suppress(psycopg.Error), psycopg.connect(self._installation.postgres.url, autocommit=True) as database:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> pg_backend_pid() ORDER BY random() LIMIT 4",
                [self._database()],
            )

    def a_backend(self) -> None:
        """At which PostgreSQL ends all others too, and recovers."""
        with suppress(psycopg.Error), psycopg.connect(self._installation.postgres.url, autocommit=True) as database:
            # Busy ones first: false sorts before true, so those that are not idle are hit in the middle of their
            # work.
            row = database.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
                " ORDER BY state = 'idle', random() LIMIT 1",
                [self._database()],
            ).fetchone()
            if row is not None:
                _kill(row[0])
        wait_until(self._installation.postgres._accepts, seconds=UP_WITHIN)

    def _database(self) -> str:
        return parts_of(self._installation.environment["DATABASE_URL"])["dbname"]

    def _kill_one_of(self, parent: Child) -> None:
        if children := _children(parent.process.pid):
            _kill(self._random.choice(children))

    def _kill_all(self, child: Child) -> None:
        """Kill the parent first; its children are orphans for a moment, and killed then, as a container's end does."""
        _kill(child.process.pid)
        self._pause()
        child.kill()
        child.process.wait()
        self._installation.children.remove(child)

    def _pause(self) -> None:
        time.sleep(self._random.uniform(0, 0.3))


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(parent: int) -> list[int]:
    """Return the pids of a process's own children, oldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The second field of /proc/PID/stat is the name in brackets, which may hold spaces and brackets: read on
            # from the last one. Then come the state and the parent's pid.
            fields = stat.read_text().rpartition(")")[2].split()
            # Z and X are dead already; to kill them would count as an attack and be none.
            if int(fields[1]) == parent and fields[0] not in "ZX":
                found.append(int(stat.parent.name))
    return sorted(found, key=lambda pid: int(started_at(pid) or 0))
