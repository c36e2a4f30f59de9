"""The one clock. Operations take the instant as `at`; only faces and tasks read it here.

In a transaction it is the database's, told with BEGIN and carried on by the steady clock of this process: processes
whose own clocks are wrong, or jump, decide alike. Outside it is this process's own.
"""

import time
from datetime import UTC, datetime, timedelta
from threading import local

from django.db import connection, transaction


class _Told(local):
    """What the database last said, and when, for one thread."""

    at: datetime | None = None
    heard: float = 0.0


_told = _Told()


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    if _told.at is None or not connection.in_atomic_block:
        return datetime.now(UTC)
    return _told.at + timedelta(seconds=time.monotonic() - _told.heard)


def database_now() -> datetime:
    """Return the database's present instant, asking for it outside a transaction."""
    with transaction.atomic():
        return now()


def set_by_database(at: datetime) -> None:
    """Set the clock of this thread's transaction, as BEGIN told it."""
    _told.at, _told.heard = at.astimezone(UTC), time.monotonic()
