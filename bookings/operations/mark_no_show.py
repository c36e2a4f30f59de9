"""Recording that a customer did not come."""

from datetime import datetime

from bookings.models import Appointment, Status
from bookings.operations.change import with_outcome
from rhivo.db.operation import operation


@operation
def mark_no_show(*, appointment: Appointment, version: int, at: datetime) -> Appointment:
    """Record that the customer did not come; staff only, once it has started. Corrects a completed one."""
    return with_outcome(appointment, version, at, Status.NO_SHOW)
