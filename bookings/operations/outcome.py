"""Saying how an appointment went."""

from datetime import datetime

from bookings.errors import IllegalTransition
from bookings.models import Appointment, Status
from bookings.operations.change import locked, require_version, saved
from rhivo import claims
from rhivo.db.operation import operation
from rhivo.errors import Forbidden


@operation
def complete_appointment(*, appointment: Appointment, version: int, at: datetime) -> Appointment:
    """Say that it took place; staff only, once it has started."""
    return _close(appointment, version, at, Status.COMPLETED)


@operation
def mark_no_show(*, appointment: Appointment, version: int, at: datetime) -> Appointment:
    """Say that the customer did not come; staff only, once it has started."""
    return _close(appointment, version, at, Status.NO_SHOW)


def _close(appointment: Appointment, version: int, at: datetime, status: Status) -> Appointment:
    if not claims.current().works_here:
        raise Forbidden("Only the people at work there say how an appointment went.")
    row = locked(appointment)
    if row.status == status:
        return row
    require_version(row, version)
    if row.status == Status.CANCELED:
        raise IllegalTransition("It was canceled.")
    if at < row.starts_at:
        raise IllegalTransition("Not before the appointment has started.")
    row.status = status
    return saved(row)
