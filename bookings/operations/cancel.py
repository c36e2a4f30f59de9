"""Canceling an appointment."""

from datetime import datetime

from bookings.messages import enqueue_for_customer
from bookings.models import Appointment, Status
from bookings.operations.change import locked, require_confirmed, require_in_time, require_version, saved
from rhivo.db.history import because
from rhivo.db.operation import operation


@operation
def cancel_appointment(*, appointment: Appointment, version: int, at: datetime, reason: str = "") -> Appointment:
    """Cancel and free the time; canceling twice is the same as once.

    A customer or guest may cancel up to the agreed deadline, else DeadlinePassed. Staff may also cancel later; that is
    recorded as an override.
    """
    row = locked(appointment)
    # Asked before the version: a second tap comes with the version that the first one has changed.
    if row.status == Status.CANCELED:
        return row
    require_version(row, version)
    require_confirmed(row, "canceled")
    require_in_time(row, row.cancel_until, at, "cancellation_deadline")
    # After the deadline, which gives a reason of its own: what a person says is worth more to the history.
    if reason:
        because(reason)
    row.status = Status.CANCELED
    row = saved(row, "status")
    enqueue_for_customer(row, "canceled")
    return row
