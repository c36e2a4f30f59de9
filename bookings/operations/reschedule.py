"""Rescheduling an appointment: to another start, person or service, in one step."""

from datetime import datetime

from bookings.errors import IllegalTransition, ServiceUnavailable, StaffUnavailable
from bookings.models import Appointment, Status
from bookings.operations.book import check_customer_limits
from bookings.operations.change import locked, reloaded, require_in_time, require_version
from bookings.operations.choose_slot import best_person, judged_slot, nearest_starts, with_alternatives
from bookings.operations.contact import Contact
from businesses.models import Service, Staff, User
from rhivo import claims
from rhivo.db.constraints import refusals
from rhivo.db.operation import operation


class Keep:
    """Stands for "leave the staff member as it is", where None means anyone."""


KEEP = Keep()


def _nearest(
    *,
    appointment: Appointment,
    start: datetime,
    at: datetime,
    service: Service | None = None,
    staff: Staff | Keep | None = KEEP,
    **_other: object,
) -> list[datetime]:
    return nearest_starts(
        business=appointment.business,
        service=service or appointment.service,
        start=start,
        at=at,
        staff=staff if isinstance(staff, Staff) else None,
        rescheduling=appointment,
    )


@with_alternatives(_nearest)
@operation
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
    row = locked(appointment)
    require_version(row, version)
    if row.status != Status.CONFIRMED:
        raise IllegalTransition(
            f"It is {row.get_status_display().lower()}: only a confirmed appointment is rescheduled."
        )
    require_in_time(row, row.reschedule_until, at, "reschedule_deadline")
    wanted = service or row.service
    # A second tap on the same time: no new version, no entry in the history, no mail.
    if (wanted.id, start) == (row.service_id, row.starts_at) and staff in (KEEP, None, row.staff):
        return row
    if not wanted.is_active and wanted.id != row.service_id:
        raise ServiceUnavailable()
    person = _wanted_person(row, wanted, staff)
    slot = judged_slot(row.business, wanted, start, at=at, staff=person, rescheduling=row)
    # Limits bind customers alone. The limit of a day is counted only when the day changes.
    if not claims.current().works_here:
        _check_limits_after_reschedule(row, start)
    row.service, row.starts_at, row.staff_id = wanted, start, best_person(slot)
    with refusals():
        row.save(update_fields=["service", "staff", "starts_at", "overrides", "version"])
    return reloaded(row, "rescheduled")


def _wanted_person(row: Appointment, service: Service, staff: Staff | Keep | None) -> Staff | None:
    if not isinstance(staff, Keep):
        return staff
    if row.staff is None or not service.assignments.filter(staff=row.staff).exists():
        if service.id == row.service_id and row.staff is not None:
            raise StaffUnavailable(f"{row.staff.name} does not do this any more: choose anyone, or someone else.")
        return None
    return row.staff


def _check_limits_after_reschedule(row: Appointment, start: datetime) -> None:
    zone = row.business.zone
    if start.astimezone(zone).date() != row.starts_at.astimezone(zone).date():
        contact = Contact(row.customer_name, row.customer_email, row.customer_phone)
        account = User.objects.filter(pk=row.customer_id).first() if row.customer_id else None
        check_customer_limits(row.business, contact, account, start, rescheduling=row)
