"""The door of a web process, before Django: who keeps asking after being told to wait is turned away unheard.

A rate limit costs an answer: parsing, a count in the shared cache, a page. One that hammers on would keep the process
busy with answers that say no. So the refusals of an address are counted here, in this process alone, and after so many
in a minute it is refused everything until the minute is over. However cheap such an answer is, who takes it and asks
again at once has the processor to themselves: so it comes late. The threads that wait with it are the web server's;
Django has a few of its own, and one address may not have all of these.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rhivo.web.client_address import counted_address

WINDOW_SECONDS = 60
MOST_REFUSALS = 30
"""Refusals in a minute that an address gets explained."""
AT_WORK = 8
"""Requests that Django works on at once in a process. Measured on two cores: 4 to 16 serve alike, 32 do not."""
MOST_AT_ONCE = 6
"""Of these, requests of one address."""
PAUSE = 0.25
"""Seconds for which somebody who is turned away waits for that answer."""
WAITING = 28
"""Who is turned away while so many wait is answered at once: of the web server's threads some must be left over."""
MOST_ADDRESSES = 50_000
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


def a_few_at_once(application: Application) -> Application:
    """Return a WSGI application that calls another in AT_WORK threads of its own; what is more than these queues.

    Each thread keeps a connection to the database, so that there are no more of these either.
    """
    workers = ThreadPoolExecutor(AT_WORK, thread_name_prefix="django")

    def answered(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return workers.submit(application, environ, start_response).result()

    return answered


class Gate:
    """A WSGI application in front of another. `clock` gives seconds, `pause` takes them."""

    def __init__(
        self,
        application: Application,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._application = application
        self._clock = clock
        self._pause = pause
        self._seats = threading.BoundedSemaphore(WAITING)
        self._lock = threading.Lock()
        self._window = 0
        self._refusals: Counter[str] = Counter()
        self._at_work: Counter[str] = Counter()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        address = counted_address(environ)
        wait = self._enter(address) and self._enter_late(address)
        if wait:
            return _turned_away(start_response, wait)
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

    def _enter_late(self, address: str) -> int:
        """Look again after a pause: a page's many parts may just have come at once."""
        if self._seats.acquire(blocking=False):
            try:
                self._pause(PAUSE)
            finally:
                self._seats.release()
        return self._enter(address)

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


def _turned_away(start_response: StartResponse, wait: int) -> Iterable[bytes]:
    """Say so in a form that programs read, whoever asks: no template is worth this answer, and no body is read."""
    start_response("429 Too Many Requests", [*HEADERS, ("Retry-After", str(wait))])
    return [BODY]
