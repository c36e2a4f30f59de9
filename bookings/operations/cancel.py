"""Canceling an appointment."""

from datetime import datetime

from bookings.messages import enqueue_for_customer
from bookings.models import Appointment, Status
from bookings.operations.change import locked_visit, require_confirmed, require_in_time, require_version, saved_together
from rhivo.db.history import because
from rhivo.db.operation import operation


@operation
def cancel_appointment(
    *, appointment: Appointment, version: int, at: datetime, reason: str = "", whole_visit: bool = True
) -> Appointment:
    """Cancel and free the time; canceling twice is the same as once. The other parts of a visit go with it.

    A customer or guest may cancel up to the agreed deadline, counted from the start of the visit, else DeadlinePassed.
    Staff may also cancel later, which is recorded as an override, and may cancel one part (not `whole_visit`).
    """
    visit = locked_visit(appointment)
    row = next(part for part in visit if part.pk == appointment.pk)
    # Asked before the version: a second tap comes with the version that the first one has changed.
    if row.status == Status.CANCELED:
        return row
    require_version(row, version)
    require_confirmed(row, "canceled")
    parts = [part for part in visit if part.status == Status.CONFIRMED and (whole_visit or part is row)]
    until = parts[0].cancel_until
    for part in parts:
        require_in_time(part, until, at, "cancellation_deadline")
        part.status = Status.CANCELED
    # After the deadline, which gives a reason of its own: what a person says is worth more to the history.
    if reason:
        because(reason)
    saved_together(parts, "status")
    first, *others = parts
    enqueue_for_customer(first, "canceled", others)
    return row
