"""The door of a web process, before Django: who keeps asking after being told to wait is turned away unheard.

A rate limit costs an answer: parsing, a count in the shared cache, a page. One that hammers on would keep every thread
busy with answers that say no. So the refusals of an address are counted here, in this process alone, and after so many
in a minute it is refused everything until the minute is over, at next to no cost. Nor may one address be at work in all
threads of a process at once.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from rhivo.client import counted_address

WINDOW_SECONDS = 60
MOST_REFUSALS = 30
"""Refusals in a minute that an address gets explained."""
MOST_AT_ONCE = 6
"""Requests of one address under way in one process; granian runs it with 8 threads."""
MOST_ADDRESSES = 50_000
DRAINED = 64 * 1024
BODY = json.dumps(
    {
        "type": "urn:rhivo:problem:throttled",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many requests: wait a little.",
        "code": "THROTTLED",
    }
).encode()
HEADERS = [
    ("Content-Type", "application/problem+json"),
    ("Content-Length", str(len(BODY))),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Gate:
    """A WSGI application in front of another. `clock` gives seconds."""

    def __init__(self, application: Application, *, clock: Callable[[], float] = time.time) -> None:
        self._application = application
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._refusals: Counter[str] = Counter()
        self._at_work: Counter[str] = Counter()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        address = counted_address(environ)
        wait = self._enter(address)
        if wait:
            return _turned_away(environ, start_response, wait)
        try:
            return self._application(environ, self._counting(address, start_response))
        finally:
            self._leave(address)

    def _enter(self, address: str) -> int:
        """Let an address in and return 0, or return the seconds that it has to wait."""
        window, gone = divmod(int(self._clock()), WINDOW_SECONDS)
        with self._lock:
            if window != self._window or len(self._refusals) > MOST_ADDRESSES:
                self._window, self._refusals = window, Counter()
            if self._refusals[address] >= MOST_REFUSALS:
                return WINDOW_SECONDS - gone
            if self._at_work[address] >= MOST_AT_ONCE:
                return 1
            self._at_work[address] += 1
            return 0

    def _leave(self, address: str) -> None:
        with self._lock:
            self._at_work[address] -= 1
            if not self._at_work[address]:
                del self._at_work[address]

    def _counting(self, address: str, start_response: StartResponse) -> StartResponse:
        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status.startswith("429"):
                with self._lock:
                    self._refusals[address] += 1
            return start_response(status, headers, *more)

        return started


def _turned_away(environ: Environ, start_response: StartResponse, wait: int) -> Iterable[bytes]:
    """Say so in a form that programs read, whoever asks: no template is worth this answer."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if length.isdecimal() and int(length[:9]) <= DRAINED:
        environ["wsgi.input"].read(int(length))
    start_response("429 Too Many Requests", [*HEADERS, ("Retry-After", str(wait))])
    return [BODY]
