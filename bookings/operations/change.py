"""What the operations on an existing appointment share: its lock, the version that was read, the agreed deadline."""

from collections.abc import Sequence
from datetime import datetime

from bookings.errors import DeadlinePassed, IllegalTransition, TermsForbid
from bookings.models import Appointment, Status
from rhivo import claims
from rhivo.db.history import because
from rhivo.errors import Forbidden, NotFound, VersionConflict


def locked(appointment: Appointment) -> Appointment:
    """Return the row under its lock, and act in its business; raises NotFound where the claims do not reach."""
    rows = Appointment.objects.filter(pk=appointment.pk)
    # Lock first and read after. One statement that locks and joins would be wrong in a race:
    # 1. it finds the appointment with its service, and waits for the lock;
    # 2. another transaction reschedules the appointment to another service, and commits;
    # 3. PostgreSQL joins the new row to the service found before. They do not match: it returns nothing.
    if not rows.select_for_update().values_list("pk"):
        raise NotFound("There is no such appointment.")
    row = rows.select_related("service", "staff", "business").get()
    # A guest or customer may come without a business: what follows asks for it by the claims.
    claims.assume(claims.current().with_(business_id=row.business_id))
    return row


def locked_visit(appointment: Appointment) -> list[Appointment]:
    """Return all parts of a visit under their locks, in order; raises NotFound where the claims do not reach."""
    # By part, so that two changes of one visit take turns, whichever part each of them was asked about. As in `locked`,
    # what belongs to the rows is read afterwards.
    mine = Appointment.objects.filter(pk=appointment.pk)
    rows = Appointment.objects.filter(visit_id__in=mine.values("visit_id"))
    if not rows.order_by("part").select_for_update().values_list("pk"):
        raise NotFound("There is no such appointment.")
    visit = list(rows.order_by("part").select_related("service", "staff", "business"))
    claims.assume(claims.current().with_(business_id=visit[0].business_id))
    return visit


def saved_together(rows: Sequence[Appointment], *fields: str) -> None:
    """Write fields of the parts of a visit by one statement, and read what the triggers made of them."""
    # By one statement: what holds for a visit is asked when all of its parts are written.
    Appointment.objects.bulk_update(rows, [*fields, "overrides", "version"])
    for row in rows:
        row.refresh_from_db(from_queryset=Appointment.objects.select_related("service", "staff", "business"))


def require_version(row: Appointment, version: int) -> None:
    """Raise VersionConflict, which carries the current one, unless the caller has read this version."""
    if row.version != version:
        raise VersionConflict(current_version=row.version)


def require_confirmed(row: Appointment, change: str) -> None:
    """Raise IllegalTransition, which names the change as "canceled", unless the appointment is confirmed."""
    if row.status != Status.CONFIRMED:
        raise IllegalTransition(f"It is {row.get_status_display().lower()}: only a confirmed appointment is {change}.")


def require_in_time(row: Appointment, until: datetime | None, at: datetime, override: str) -> None:
    """Raise DeadlinePassed after the agreed instant; for staff record that they set it aside."""
    if until is not None and at <= until:
        return
    if not claims.current().works_here:
        raise TermsForbid() if until is None else DeadlinePassed()
    row.overrides = [*row.overrides, override]
    because(f"override: {override}")


def with_outcome(appointment: Appointment, version: int, at: datetime, status: Status) -> Appointment:
    """Write how an appointment went, by staff and once it has started; twice the same is once."""
    if not claims.current().works_here:
        raise Forbidden("Only the people at work there say how an appointment went.")
    row = locked(appointment)
    # Asked before the version: a second tap comes with the version that the first one has changed.
    if row.status == status:
        return row
    require_version(row, version)
    if row.status == Status.CANCELED:
        raise IllegalTransition("It was canceled: a canceled appointment has no outcome.")
    if at < row.starts_at:
        raise IllegalTransition("Not before the appointment has started.")
    row.status = status
    return saved(row, "status")


def saved(row: Appointment, *fields: str) -> Appointment:
    """Write fields of a row and return it as the triggers left it."""
    # The version goes along as it was read: the trigger compares it with the row's own, then counts up.
    row.save(update_fields=[*fields, "overrides", "version"])
    row.refresh_from_db(from_queryset=Appointment.objects.select_related("service", "staff", "business"))
    return row
