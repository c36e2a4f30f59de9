"""The one client that talks HTTP to a real web server, for tests, attacks and benchmarks. It knows no Django.

`Api` in api_client asks Django without a server; `benchmarks.load` is a load generator of bare sockets.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

PATIENCE = 60
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code"}


class NotConnected(OSError):
    """No connection could be opened, so nothing was sent."""


@dataclass(frozen=True)
class Answer:
    """What the server said, its body parsed."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code, or the status of what is no problem."""
        return str(self.body["code"]) if isinstance(self.body, dict) and "code" in self.body else str(self.status)

    @property
    def is_problem(self) -> bool:
        return self.headers.get("content-type") == "application/problem+json" and set(self.body) >= PROBLEM_FIELDS


@dataclass(frozen=True)
class Call:
    """One request to be sent; it has an Idempotency-Key of its own unless it is given one."""

    path: str
    body: Any = None
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"

    def all_headers(self) -> dict[str, str]:
        own = {"Host": "localhost", "Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return own | bearer | self.headers


class Connection:
    """A kept-alive connection to a port of this machine, opened at first use and again after it broke."""

    def __init__(self, port: int, *, patience: float = PATIENCE) -> None:
        self._port = port
        self._patience = patience
        # http.client and no library: it never sends a request again by itself, and attacks count what was sent.
        self._open: http.client.HTTPConnection | None = None

    def connect(self) -> None:
        """Open the connection unless it is open; raise NotConnected if it cannot be opened."""
        if self._open is None:
            opened = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._patience)
            try:
                opened.connect()
            except OSError as error:
                opened.close()
                raise NotConnected(*error.args) from error
            self._open = opened

    def send(self, call: Call) -> Answer:
        """Send one call and wait for its answer; raise as `request` does."""
        return self.request(call.method, call.path, call.body, call.all_headers())

    def request(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Send a request with these headers and no others, its body as JSON, and wait for its answer.

        Raises NotConnected if nothing was sent, another OSError or HTTPException if the answer was lost: the request
        may have been carried out then.
        """
        self.connect()
        assert self._open is not None
        try:
            self._open.request(method, path, None if body is None else json.dumps(body), dict(headers))
            response = self._open.getresponse()
            text = response.read().decode()
        # A connection that broke in the middle cannot be used again: the next answer on it might be this one's.
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        said = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, said, json.loads(text) if "json" in said.get("content-type", "") else text)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None


def is_up(port: int) -> bool:
    """Tell whether a web server of ours answers at a port."""
    connection = Connection(port, patience=5)
    try:
        return connection.send(Call("/healthz", method="GET")).status == 200
    except OSError:
        return False
    finally:
        connection.close()
