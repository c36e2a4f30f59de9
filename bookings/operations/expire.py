"""Clearing away holds that ran out. They count nowhere already: this keeps the tables small."""

from datetime import datetime, timedelta

from bookings.models import Reservation, ReservationStatus
from rhivo.db.operation import operation

# Each batch is a transaction of its own, so that no lock is held for long.
BATCH = 1000
# So long a hold can explain why a time was not free.
KEPT = timedelta(days=7)


def release_expired(*, at: datetime) -> int:
    """Mark every hold that ran out by an instant, as the worker role; return how many. Old ended holds are deleted."""
    released = 0
    while batch := _release_batch(at=at):
        released += batch
    _forget_ended(at=at)
    return released


@operation
def _release_batch(*, at: datetime) -> int:
    """Mark one batch; return how many."""
    # 1. Somebody commits or releases a hold that runs out just now, and has its lock.
    # 2. It is skipped and becomes what that transaction makes of it. Waiting would delay the whole batch.
    # 3. If that transaction rolls back, the next run finds it.
    ids = Reservation.objects.run_out(at).select_for_update(skip_locked=True).values_list("id", flat=True)[:BATCH]
    return Reservation.objects.filter(id__in=list(ids)).update(status=ReservationStatus.EXPIRED)


@operation
def _forget_ended(*, at: datetime) -> None:
    ended = Reservation.objects.filter(status__in=[ReservationStatus.RELEASED, ReservationStatus.EXPIRED])
    ended.filter(created_at__lt=at - KEPT).delete()
