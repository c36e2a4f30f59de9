"""Canceling an appointment."""

from datetime import datetime

from bookings.errors import IllegalTransition
from bookings.models import Appointment, Status
from bookings.operations.change import locked, require_in_time, require_version, saved
from rhivo.db.history import because
from rhivo.db.operation import operation


@operation
def cancel_appointment(*, appointment: Appointment, version: int, at: datetime, reason: str = "") -> Appointment:
    """Cancel and free the time; canceling twice is the same as once.

    A customer or guest may up to the agreed deadline, else DeadlinePassed; staff always, recorded as an override.
    """
    row = locked(appointment)
    if row.status == Status.CANCELED:
        return row
    require_version(row, version)
    if row.status != Status.CONFIRMED:
        raise IllegalTransition(f"It is {row.get_status_display().lower()}: only a confirmed appointment is canceled.")
    require_in_time(row, row.cancel_until, at, "cancellation_deadline")
    if reason:
        because(reason)
    row.status = Status.CANCELED
    return saved(row, "canceled")
