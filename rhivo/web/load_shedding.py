"""Shed load in front of Django: a bounded number of requests at work, and refusals that cost nothing and come late.

Both are counted in this process alone, and need neither cache nor database. Both were measured to be needed, behind a
proxy that buffers and without one: docs/adr/0010-load-is-shed-before-django.md has the figures. How often an address
may ask, over all processes, is `rhivo.web.throttling`; senders who never finish are `rhivo.web.slow_bodies`.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rhivo.web.client_address import counted_address

DJANGO_THREADS = 8  # of a process. On two cores 4 to 16 serve alike, and 32 do not
MOST_OF_AN_ADDRESS = 6  # requests of one address at once: two threads are left for all others
MOST_REFUSALS = 30  # in a minute, that Django explains to an address
WINDOW_SECONDS = 60
PAUSE = 0.25  # seconds before a refusal that Django is not asked for
# Pauses at once. Those pause in the web server's threads (40), of which Django's 8 must find some left.
MOST_PAUSES = 28
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
# What the middleware would add: it does not see this answer.
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


def in_few_threads(application: Application) -> Application:
    """Return a WSGI application that calls another in DJANGO_THREADS threads of its own; further requests queue."""
    # A pool and not a semaphore: each thread keeps its connection to the database open, so that the number of threads
    # that ever ran Django, not of those at work, is what the database must allow.
    workers = ThreadPoolExecutor(DJANGO_THREADS, thread_name_prefix="django")

    def answered(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return workers.submit(application, environ, start_response).result()

    return answered


class LoadShedder:
    """A WSGI application in front of another: refuses an address that has too much at work or was refused too often.

    `clock` gives seconds, `pause` takes them.
    """

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
        self._pauses = threading.BoundedSemaphore(MOST_PAUSES)
        self._lock = threading.Lock()
        self._window = 0
        self._refusals: Counter[str] = Counter()
        self._at_work: Counter[str] = Counter()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        address = counted_address(environ)
        wait = self._enter(address) and self._enter_late(address)
        if wait:
            return _refuse(start_response, wait)
        try:
            return self._application(environ, self._counting(address, start_response))
        finally:
            self._leave(address)

    def _enter(self, address: str) -> int:
        """Let an address in and return 0, or return the seconds that it has to wait."""
        window, gone = divmod(int(self._clock()), WINDOW_SECONDS)
        with self._lock:
            # Forgetting all when there are too many is simple, bounds the memory, and gives each 30 refusals more.
            if window != self._window or len(self._refusals) > MOST_ADDRESSES:
                self._window, self._refusals = window, Counter()
            if self._refusals[address] >= MOST_REFUSALS:
                return WINDOW_SECONDS - gone
            if self._at_work[address] >= MOST_OF_AN_ADDRESS:
                return 1
            self._at_work[address] += 1
            return 0

    def _enter_late(self, address: str) -> int:
        """Try again after a pause; return as `_enter` does."""
        # The pause does two things. A page's parts, which come all at once, find room after it. And a client that asks
        # again at once after each refusal is slowed down: immediate refusals would let it take the processor.
        if self._pauses.acquire(blocking=False):
            try:
                self._pause(PAUSE)
            finally:
                self._pauses.release()
        return self._enter(address)

    def _leave(self, address: str) -> None:
        with self._lock:
            self._at_work[address] -= 1
            # A Counter keeps zeros, one for every address there ever was.
            if not self._at_work[address]:
                del self._at_work[address]

    def _counting(self, address: str, start_response: StartResponse) -> StartResponse:
        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status.startswith("429"):
                with self._lock:
                    self._refusals[address] += 1
            return start_response(status, headers, *more)

        return started


def _refuse(start_response: StartResponse, wait: int) -> Iterable[bytes]:
    """Answer 429 as problem+json, to pages too: a template costs more than this answer may."""
    # The body is not read, so a sender who never finishes it holds no thread here.
    start_response("429 Too Many Requests", [*HEADERS, ("Retry-After", str(wait))])
    return [BODY]
