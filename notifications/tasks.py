"""Ask a worker to deliver what is enqueued: after each commit, and by beat in case that request was lost."""

import atexit
import logging
import os
import threading

from celery import shared_task

from notifications.delivery import deliver_due
from rhivo.clock import database_now

logger = logging.getLogger(__name__)
LAST_WORDS = 3
"""Seconds for which a process that ends waits until its last request has reached the broker."""


@shared_task
def deliver() -> int:
    """Send every message that is due; return how many were sent."""
    # The database's clock, by which `due_at` was written: that of this machine may be wrong, and skip what is due.
    return deliver_due(at=database_now())


def wake_worker() -> None:
    """Have another thread ask a worker to deliver; return at once, also while the broker hangs.

    One request is enough for all that was committed before it. One that is lost does no harm: beat asks again.
    """
    _broker.wake()


class _BrokerThread:
    """The thread that talks to the broker, started in each process at its first request.

    `_wanted` says that a request must be made, `_done` that none is under way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._done = threading.Event()
        self._owner = 0

    def wake(self) -> None:
        # In this order: set first, `_wanted` could be served, and `_done` set, before it is cleared here. Then it would
        # stay cleared, and the process would wait in vain when it ends.
        self._done.clear()
        self._wanted.set()
        if self._owner == os.getpid():
            return
        with self._lock:
            # Asked again, because another thread may have started it meanwhile. By pid, because a fork takes along what
            # this object knows, but not the thread.
            if self._owner != os.getpid():
                threading.Thread(target=self._run, name="broker", daemon=True).start()
                atexit.register(self._done.wait, LAST_WORDS)
                self._owner = os.getpid()

    def _run(self) -> None:
        while self._wanted.wait():
            # Before the request, not after it: a commit during the request needs another one.
            self._wanted.clear()
            try:
                deliver.apply_async(retry=False, ignore_result=True)
            except Exception:  # noqa: BLE001 - the thread must live on, whatever the broker's client raises
                logger.warning("The broker does not answer. Messages are delivered when beat asks for it.")
            if not self._wanted.is_set():
                self._done.set()


_broker = _BrokerThread()
