"""Changing an appointment: cancel, reschedule, say how it went. Each passes the version that was read."""

from datetime import datetime
from functools import partial

from bookings.errors import DeadlinePassed, IllegalTransition, ServiceUnavailable, StaffUnavailable, TermsForbid
from bookings.messages import tell_customer
from bookings.models import Appointment, Status
from bookings.operations.book import check_customer_limits
from bookings.operations.choose_slot import best_person, judged_slot, nearest_starts, with_alternatives
from bookings.operations.contact import Contact
from businesses.models import Service, Staff, User
from rhivo import claims
from rhivo.db.constraints import refusals
from rhivo.db.history import because
from rhivo.db.operation import operation
from rhivo.errors import Forbidden, NotFound, VersionConflict


class Keep:
    """Stands for "leave the staff member as it is", where None means anyone."""


KEEP = Keep()


@operation
def cancel_appointment(*, appointment: Appointment, version: int, at: datetime, reason: str = "") -> Appointment:
    """Cancel and free the time; canceling twice is the same as once.

    A customer or guest may up to the agreed deadline, else DeadlinePassed; staff always, recorded as an override.
    """
    row = _locked(appointment)
    if row.status == Status.CANCELED:
        return row
    _require_version(row, version)
    if row.status != Status.CONFIRMED:
        raise IllegalTransition(f"It is {row.get_status_display().lower()}: only a confirmed appointment is canceled.")
    _require_in_time(row, row.cancel_until, at, "cancellation_deadline")
    if reason:
        because(reason)
    row.status = Status.CANCELED
    return _changed(row, "canceled")


def reschedule_appointment(
    *,
    appointment: Appointment,
    start: datetime,
    version: int,
    at: datetime,
    service: Service | None = None,
    staff: Staff | Keep | None = KEEP,
) -> Appointment:
    """Reschedule in one step: the new time is claimed and the old freed together, or nothing changes.

    `staff` KEEP keeps the person where the service allows, None takes anyone. Rescheduling to its present time
    changes nothing. Raises as cancel and hold do.
    """
    wanted = service or appointment.service
    person = staff if isinstance(staff, Staff) else None
    return with_alternatives(
        partial(
            _reschedule, appointment=appointment, start=start, version=version, at=at, service=service, staff=staff
        ),
        partial(nearest_starts, appointment.business, wanted, start, at=at, staff=person, moving=appointment),
    )


@operation
def _reschedule(
    *,
    appointment: Appointment,
    start: datetime,
    version: int,
    at: datetime,
    service: Service | None,
    staff: Staff | Keep | None,
) -> Appointment:
    row = _locked(appointment)
    _require_version(row, version)
    if row.status != Status.CONFIRMED:
        raise IllegalTransition(
            f"It is {row.get_status_display().lower()}: only a confirmed appointment is rescheduled."
        )
    _require_in_time(row, row.reschedule_until, at, "reschedule_deadline")
    wanted = service or row.service
    if (wanted.id, start) == (row.service_id, row.starts_at) and staff in (KEEP, None, row.staff):
        return row
    if not wanted.is_active and wanted.id != row.service_id:
        raise ServiceUnavailable()
    person = _wanted_person(row, wanted, staff)
    slot = judged_slot(row.business, wanted, start, at=at, staff=person, moving=row)
    if not claims.current().works_here:
        _check_limits_after_move(row, start)
    row.service, row.starts_at, row.staff_id = wanted, start, best_person(slot)
    with refusals():
        row.save(update_fields=["service", "staff", "starts_at", "overrides", "version"])
    return _told(row, "moved")


def _wanted_person(row: Appointment, service: Service, staff: Staff | Keep | None) -> Staff | None:
    if not isinstance(staff, Keep):
        return staff
    if row.staff is None or not service.assignments.filter(staff=row.staff).exists():
        if service.id == row.service_id and row.staff is not None:
            raise StaffUnavailable(f"{row.staff.name} does not do this any more: choose anyone, or someone else.")
        return None
    return row.staff


def _check_limits_after_move(row: Appointment, start: datetime) -> None:
    zone = row.business.zone
    if start.astimezone(zone).date() != row.starts_at.astimezone(zone).date():
        contact = Contact(row.customer_name, row.customer_email, row.customer_phone)
        account = User.objects.filter(pk=row.customer_id).first() if row.customer_id else None
        check_customer_limits(row.business, contact, account, start, moving=row)


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
    row = _locked(appointment)
    if row.status == status:
        return row
    _require_version(row, version)
    if row.status == Status.CANCELED:
        raise IllegalTransition("It was canceled.")
    if at < row.starts_at:
        raise IllegalTransition("Not before the appointment has started.")
    row.status = status
    return _changed(row)


def _locked(appointment: Appointment) -> Appointment:
    """Return the row under its lock, and act in its business; raises NotFound where the claims do not reach.

    Locked first and read after: a lock waited for in a join finds no service beside the row that was moved meanwhile.
    """
    rows = Appointment.objects.filter(pk=appointment.pk)
    if not rows.select_for_update().values_list("pk"):
        raise NotFound("There is no such appointment.")
    row = rows.select_related("service", "staff", "business").get()
    claims.assume(claims.current().with_(business_id=row.business_id))
    return row


def _require_version(row: Appointment, version: int) -> None:
    if row.version != version:
        raise VersionConflict(current_version=row.version)


def _require_in_time(row: Appointment, until: datetime | None, at: datetime, override: str) -> None:
    """Raise DeadlinePassed after the agreed instant; for staff record that they set it aside."""
    if until is not None and at <= until:
        return
    if not claims.current().works_here:
        raise TermsForbid() if until is None else DeadlinePassed()
    row.overrides = [*row.overrides, override]
    because(f"override: {override}")


def _changed(row: Appointment, template: str | None = None) -> Appointment:
    with refusals():
        row.save(update_fields=["status", "overrides", "version"])
    return _told(row, template)


def _told(row: Appointment, template: str | None) -> Appointment:
    """Return the row as the triggers left it, its customer told."""
    row.refresh_from_db(from_queryset=Appointment.objects.select_related("service", "staff", "business"))
    if template:
        tell_customer(row, template)
    return row
