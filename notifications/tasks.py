"""Delivering what is enqueued: a worker is asked after commits, and by beat in case that request was lost."""

import atexit
import logging
import os
import threading

from celery import shared_task

from notifications.delivery import deliver_due
from rhivo.clock import database_now

logger = logging.getLogger(__name__)
LAST_WORDS = 3
"""Seconds that a process which ends waits for its last request to reach the broker."""


@shared_task
def deliver() -> int:
    """Send every message that is due; return how many were."""
    return deliver_due(at=database_now())


def wake_worker() -> None:
    """Have a worker asked to deliver, soon: a broker that is slow or away holds up nobody.

    What was committed meanwhile is delivered by the same request. A broker that is away, or this process's death,
    loses nothing: beat asks again.
    """
    _broker.wake()


class _BrokerThread:
    """The thread that talks to the broker, started in each process at its first request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._done = threading.Event()
        self._owner = 0

    def wake(self) -> None:
        self._done.clear()
        self._wanted.set()
        if self._owner == os.getpid():
            return
        with self._lock:
            if self._owner != os.getpid():  # a fork takes the flag along, not the thread
                threading.Thread(target=self._run, name="broker", daemon=True).start()
                atexit.register(self._done.wait, LAST_WORDS)
                self._owner = os.getpid()

    def _run(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            try:
                deliver.apply_async(retry=False, ignore_result=True)
            except Exception:  # noqa: BLE001 - whatever the broker's client raises, beat asks again
                logger.warning("the broker is away: the outbox waits for beat")
            if not self._wanted.is_set():
                self._done.set()


_broker = _BrokerThread()
