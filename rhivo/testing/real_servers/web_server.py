"""A real web server on the test database, for attacks that must cross HTTP, processes and connections."""

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from businesses.identity.access_tokens import issue_pair
from businesses.models import User
from rhivo.claims import Role
from rhivo.clock import now
from rhivo.local.demo_launcher import web_server
from rhivo.local.processes import Child, free_port, wait_until
from rhivo.testing.clients.http_client import PATIENCE, Answer, Call, Connection, is_up
from rhivo.testing.database import raw

CHECKOUT = Path(__file__).resolve().parents[3]
LANES = 100
_APPLICATION = "rhivo app"


class Server:
    """granian with two processes, as the demo runs it, on the database of this test process."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._own = environment or {}
        command = [sys.executable, "-m", *web_server(port=self.port, workers=2)]
        self.child = Child.spawn("web", command, log=folder / "web.log", env=self._environment(), cwd=CHECKOUT)

    def _environment(self) -> dict[str, str]:
        own = {
            "RHIVO_DB_ROLE": "app",
            "RHIVO_THROTTLE": "off",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SECRET": settings.JWT_SECRET,
            # Shown in the server's log. As errors they would end requests.
            "PYTHONWARNINGS": "default",
        }
        return {**os.environ, **own, **self._own}

    def wait_until_up(self) -> None:
        if not wait_until(self._answers, seconds=PATIENCE):
            raise RuntimeError(f"the web server does not come up:\n{self.child.tail()}")

    def _answers(self) -> bool:
        if not self.child.running:
            raise RuntimeError(f"the web server ended:\n{self.child.tail()}")
        return is_up(self.port)

    def ask(self, call: Call) -> Answer:
        """Send one request on a connection of its own."""
        own = Connection(self.port)
        try:
            return own.send(call)
        finally:
            own.close()

    def storm(self, calls: Sequence[Call], *, lanes: int = LANES) -> list[Answer]:
        """Send all requests at once, at most `lanes` connections at a time; return the answers in the calls' order."""
        answers: list[Answer | None] = [None] * len(calls)
        lanes = min(lanes, len(calls))
        # Connections are opened first, then all lanes send at once: the accepting of sockets is no part of the race.
        ready = threading.Barrier(lanes)

        def run(lane: int) -> None:
            own = Connection(self.port)
            own.connect()
            ready.wait(timeout=PATIENCE)
            for index in range(lane, len(calls), lanes):
                answers[index] = own.send(calls[index])
            own.close()

        threads = [threading.Thread(target=run, args=(lane,)) for lane in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=PATIENCE)
        return [answer for answer in answers if answer is not None]

    def kill_database_connections(self) -> int:
        """Terminate every database connection of the server, as an operator or a failing network would."""
        with raw("app") as app:
            # The test's own connections have the same application_name and must live: it wants to look at what came
            # of it.
            mine = _connections_of_this_process(app)
            killed = app.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = %s AND pid <> ALL (%s)",
                [_APPLICATION, mine],
            ).fetchall()
        return len(killed)

    def stop(self) -> None:
        self.child.stop()


def _connections_of_this_process(app: "psycopg.Connection[Any]") -> list[int]:
    inner = connection.connection
    return [app.info.backend_pid, *([inner.info.backend_pid] if inner is not None else [])]


def access_token(user: User, *, business_id: Any, role: Role) -> str:
    """Return an access token as a log-in would give it."""
    return issue_pair(user, business_id=business_id, role=role, at=now())["access"]


@contextmanager
def serving(folder: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run the server for a block, with settings of its own if any are given, and end it with SIGTERM."""
    server = Server(folder, environment)
    try:
        server.wait_until_up()
        yield server
    finally:
        server.stop()
