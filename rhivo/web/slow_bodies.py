"""Slow senders of request bodies: at most so many may keep threads waiting, and only some from one address.

The web server reads a body in the thread that answers the request, and waits for it without end. A sender who stops in
the middle would hold a thread for as long as they like, and a dozen of them every thread there is.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rhivo.errors import Unavailable

AT_ONCE = 4
"""Half of the requests that a process works on at once: the others have no body."""
FROM_ONE_ADDRESS = 2
PATIENCE = 1.0
"""Seconds for which a body is read before it counts as slow, and for which others wait for their turn."""


class Readers:
    """Who is sending a body to this process just now."""

    def __init__(self) -> None:
        self._turns = threading.Condition()
        self._reading: list[tuple[str, float]] = []

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Read a body inside the block; raises Unavailable if slow senders have taken all turns.

        Bodies that have arrived already are read in no time, so that others get their turn at once.
        """
        mine = self._taken(address)
        try:
            yield
        finally:
            with self._turns:
                self._reading.remove(mine)
                self._turns.notify_all()

    def _taken(self, address: str) -> tuple[str, float]:
        deadline = time.monotonic() + PATIENCE
        with self._turns:
            while rivals := self._in_the_way(address):
                now = time.monotonic()
                if now >= deadline or all(now - since > PATIENCE for since in rivals):
                    raise Unavailable()
                self._turns.wait(deadline - now)
            mine = (address, time.monotonic())
            self._reading.append(mine)
            return mine

    def _in_the_way(self, address: str) -> list[float]:
        """Return since when those are reading for whom an address has to wait, none if it has not."""
        same = [since for who, since in self._reading if who == address]
        if len(same) >= FROM_ONE_ADDRESS:
            return same
        return [since for _, since in self._reading] if len(self._reading) >= AT_ONCE else []


readers = Readers()
