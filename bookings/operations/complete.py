"""Recording that an appointment took place."""

from datetime import datetime

from bookings.models import Appointment, Status
from bookings.operations.change import with_outcome
from rhivo.db.operation import operation


@operation
def complete_appointment(*, appointment: Appointment, version: int, at: datetime) -> Appointment:
    """Record that it took place; staff only, once it has started. Corrects a no-show."""
    return with_outcome(appointment, version, at, Status.COMPLETED)
