"""Clearing away holds whose time is up. They count nowhere already; this keeps the tables small."""

from datetime import datetime, timedelta

from bookings.models import Reservation, ReservationStatus
from rhivo.db.operation import operation

BATCH = 1000
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
    """Mark one batch, skipping holds that someone is committing this moment."""
    # A hold that is locked is being committed or released: who does that decides.
    ids = Reservation.objects.run_out(at).select_for_update(skip_locked=True).values_list("id", flat=True)[:BATCH]
    return Reservation.objects.filter(id__in=list(ids)).update(status=ReservationStatus.EXPIRED)


@operation
def _forget_ended(*, at: datetime) -> None:
    ended = Reservation.objects.filter(status__in=[ReservationStatus.RELEASED, ReservationStatus.EXPIRED])
    ended.filter(created_at__lt=at - KEPT).delete()
