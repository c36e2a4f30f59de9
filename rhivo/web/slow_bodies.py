"""Bound how many threads of this process wait for slow senders of request bodies.

The web server reads a body in the thread that answers the request, waits for it without end, and cannot be told to
stop. Eight senders who stop in the middle would hold all of Django's threads. A proxy that buffers whole requests never
lets them through, so this is for an installation without one, such as the demo. The figures are in
docs/adr/0010-load-is-shed-before-django.md.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rhivo.errors import Unavailable

AT_ONCE = 4  # bodies being read, half of Django's threads: requests without a body find the others
FROM_ONE_ADDRESS = 2
PATIENCE = 1.0  # seconds after which a body counts as slow, and for which others wait for their turn


class BodyReaders:
    """The threads of this process that are reading a body just now."""

    def __init__(self) -> None:
        self._turns = threading.Condition()
        # Address and begin of each. A list, since one address may have two that began alike.
        self._reading: list[tuple[str, float]] = []

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Read a body inside the block; raises Unavailable if slow senders have taken all turns."""
        mine = self._take_turn(address)
        try:
            yield
        finally:
            with self._turns:
                self._reading.remove(mine)
                # All, not one: a thread that waits for its own address may be woken, while another could go on.
                self._turns.notify_all()

    def _take_turn(self, address: str) -> tuple[str, float]:
        deadline = time.monotonic() + PATIENCE
        with self._turns:
            while rivals := self._in_the_way(address):
                now = time.monotonic()
                # A body that has arrived is read in no time, so it is worth waiting for one that has just begun. When
                # all are slow already it is not: waiting here holds one of Django's threads too.
                if now >= deadline or all(now - since > PATIENCE for since in rivals):
                    raise Unavailable()
                self._turns.wait(deadline - now)
            mine = (address, time.monotonic())
            self._reading.append(mine)
            return mine

    def _in_the_way(self, address: str) -> list[float]:
        """Return the begins of the readings that an address has to wait for; empty if it need not wait."""
        same = [since for who, since in self._reading if who == address]
        if len(same) >= FROM_ONE_ADDRESS:
            return same
        return [since for _, since in self._reading] if len(self._reading) >= AT_ONCE else []


readers = BodyReaders()
