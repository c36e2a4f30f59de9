"""Clients that ask one thing after the other over kept-alive connections, and how long each answer took.

Bare sockets in one event loop: about 30 µs a request, so that what is measured is the server.
"""

import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

Answer = tuple[int, bytes]
Unit = Generator[bytes, Answer, None]
"""One unit of work: yields requests, is sent their answers, ends when the unit is done."""


class Refused(Exception):
    """An answer that a unit of work did not expect: what was measured would not be what was meant."""


@dataclass
class Measured:
    """How long each unit of work took, in seconds, of those that ended within `seconds`."""

    seconds: float
    latencies: list[float] = field(default_factory=list)

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(self.seconds + other.seconds, self.latencies + other.latencies)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        if not self.latencies:
            raise Refused("not one unit of work was done in time: measure for longer")
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Client:
    """One connection, and the unit of work it is at."""

    def __init__(self, port: int, new_unit: Callable[[], Unit]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        # A small request must not wait until what was sent before is acknowledged (Nagle's algorithm).
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._new_unit = new_unit
        self._received = b""

    def begin(self) -> None:
        self._unit = self._new_unit()
        self._began = time.perf_counter()
        self.socket.sendall(next(self._unit))

    def receive(self) -> float | None:
        """Take what has arrived; return how long the unit took if that ended it."""
        arrived = self.socket.recv(1 << 20)
        if not arrived:
            raise Refused("the server closed the connection")
        self._received += arrived
        answer = self._answer()
        if answer is None:
            return None
        try:
            self.socket.sendall(self._unit.send(answer))
        except StopIteration:
            return time.perf_counter() - self._began
        return None

    def _answer(self) -> Answer | None:
        head, complete, body = self._received.partition(b"\r\n\r\n")
        if not complete:
            return None
        # Enough of HTTP for our own server, which always sends a Content-Length.
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return None
        self._received = body[length:]
        return int(head[9:12]), body[:length]


def measure(port: int, new_unit: Callable[[], Unit], *, clients: int, seconds: float, warm_up: float) -> Measured:
    """Let so many clients work for some seconds, after a warm-up that is not counted."""
    found = Measured(seconds)
    connected = [_Client(port, new_unit) for _ in range(clients)]
    with selectors.DefaultSelector() as selector:
        for client in connected:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.begin()
        counted_from = time.perf_counter() + warm_up
        until = counted_from + seconds
        # Units under way at the end are finished, though not counted: nothing may still be written afterwards.
        while selector.get_map():
            for key, _ in selector.select():
                took = key.data.receive()
                if took is None:
                    continue
                if counted_from < (now := time.perf_counter()) <= until:
                    found.latencies.append(took)
                if now <= until:
                    key.data.begin()
                else:
                    selector.unregister(key.fileobj)
                    key.data.socket.close()
    return found
