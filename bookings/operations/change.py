"""What every change of an appointment shares: its lock, the version that was read, the agreed deadline, the message."""

from datetime import datetime

from bookings.errors import DeadlinePassed, TermsForbid
from bookings.messages import enqueue_for_customer
from bookings.models import Appointment
from rhivo import claims
from rhivo.db.constraints import refusals
from rhivo.db.history import because
from rhivo.errors import NotFound, VersionConflict


def locked(appointment: Appointment) -> Appointment:
    """Return the row under its lock, and act in its business; raises NotFound where the claims do not reach.

    Locked first and read after: a lock waited for in a join finds no service beside a row that was rescheduled.
    """
    rows = Appointment.objects.filter(pk=appointment.pk)
    if not rows.select_for_update().values_list("pk"):
        raise NotFound("There is no such appointment.")
    row = rows.select_related("service", "staff", "business").get()
    # A guest or customer may come without a business: what follows asks for it by the claims.
    claims.assume(claims.current().with_(business_id=row.business_id))
    return row


def require_version(row: Appointment, version: int) -> None:
    if row.version != version:
        raise VersionConflict(current_version=row.version)


def require_in_time(row: Appointment, until: datetime | None, at: datetime, override: str) -> None:
    """Raise DeadlinePassed after the agreed instant; for staff record that they set it aside."""
    if until is not None and at <= until:
        return
    if not claims.current().works_here:
        raise TermsForbid() if until is None else DeadlinePassed()
    row.overrides = [*row.overrides, override]
    because(f"override: {override}")


def saved(row: Appointment, template: str | None = None) -> Appointment:
    with refusals():
        row.save(update_fields=["status", "overrides", "version"])
    return reloaded(row, template)


def reloaded(row: Appointment, template: str | None) -> Appointment:
    """Return the row as the triggers left it, its customer notified."""
    row.refresh_from_db(from_queryset=Appointment.objects.select_related("service", "staff", "business"))
    if template:
        enqueue_for_customer(row, template)
    return row
