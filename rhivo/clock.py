"""The one clock. Operations take the instant as `at`; faces, tasks and the defaults of the outbox read it here.

In a transaction it is the database's clock, outside it is this process's own. So processes whose clocks are wrong, or
jump, decide alike.
"""

import time
from datetime import UTC, datetime, timedelta
from threading import local

from django.db import connection, transaction


class _DatabaseClock(local):
    """The instant that the database last said, and when it was read. For one thread: a connection belongs to one."""

    at: datetime | None = None
    read_at: float = 0.0


_database = _DatabaseClock()


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    # BEGIN has brought the database's time. From there the monotonic clock carries on, which nobody can set: asking
    # again would cost a round trip, and the wall clock may jump meanwhile. What BEGIN brought to an earlier
    # transaction is not used after its end, hence `in_atomic_block`.
    if _database.at is None or not connection.in_atomic_block:
        return datetime.now(UTC)
    return _database.at + timedelta(seconds=time.monotonic() - _database.read_at)


def database_now() -> datetime:
    """Return the database's present instant, asking for it outside a transaction."""
    with transaction.atomic():
        return now()


def set_by_database(at: datetime) -> None:
    """Set the clock of this thread's transaction, as BEGIN brought it."""
    _database.at, _database.read_at = at.astimezone(UTC), time.monotonic()
