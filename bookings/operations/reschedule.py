"""Rescheduling an appointment: to another start, person or service, in one step."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime

from bookings.contact import Contact
from bookings.errors import StaffUnavailable
from bookings.messages import enqueue_for_customer
from bookings.models import Appointment
from bookings.operations.change import locked, require_confirmed, require_in_time, require_version, saved
from bookings.operations.choose_slot import (
    WantedStart,
    require_bookable,
    require_needed,
    with_alternatives,
)
from bookings.operations.customer_limits import check_customer_limits
from businesses.models import Resource, Service, Staff
from rhivo import claims
from rhivo.db.operation import operation


class Keep:
    """Stands for "leave the staff member as it is", where None means anyone."""


KEEP = Keep()


@with_alternatives
@operation
def reschedule_appointment(
    *,
    appointment: Appointment,
    start: datetime,
    version: int,
    at: datetime,
    service: Service | None = None,
    staff: Staff | Keep | None = KEEP,
    resources: Sequence[Resource] = (),
) -> Appointment:
    """Reschedule in one step: the new time is occupied and the old freed together, or nothing changes.

    `staff` KEEP keeps the person where the service allows, None takes anyone. `resources` are those that are asked for.
    Rescheduling to its present time changes nothing. Raises as cancel and hold do, and ResourceNotNeeded.
    """
    row = locked(appointment)
    require_version(row, version)
    require_confirmed(row, "rescheduled")
    require_in_time(row, row.reschedule_until, at, "reschedule_deadline")
    service = service or row.service
    # A second tap on the same time: no new version, no entry in the history, no mail.
    is_same_start = (service.id, start) == (row.service_id, row.starts_at)
    if is_same_start and staff in (KEEP, None, row.staff) and _uses(row, resources):
        return row
    # Within a service that takes no new bookings the old ones may still be rescheduled.
    if service.id != row.service_id:
        require_bookable(service, row.places)
    require_needed(service, resources)
    person = _wanted_person(row, service, staff)
    # A copy as it was agreed: the row gets its new start below, and a search for alternatives comes after that.
    former = copy(row)
    wanted = WantedStart(
        business=row.business,
        service=service,
        start=start,
        at=at,
        staff=person,
        rescheduling=former,
        places=row.places,
        resources=resources,
    )
    with wanted.chosen() as chosen:
        if not claims.current().works_here:
            _check_limits_of_new_day(row, start)
        row.service, row.starts_at, row.staff_id = service, start, chosen.staff_id
        row.resource_ids = chosen.resource_ids
        row = saved(row, "service", "staff", "resource_ids", "starts_at")
    enqueue_for_customer(row, "rescheduled")
    return row


def _wanted_person(row: Appointment, service: Service, staff: Staff | Keep | None) -> Staff | None:
    if not isinstance(staff, Keep):
        return staff
    if row.staff is None or not service.assignments.filter(staff=row.staff).exists():
        # Another service may well have other people. Within the same one nobody is exchanged unasked.
        if service.id == row.service_id and row.staff is not None:
            raise StaffUnavailable(f"{row.staff.name} does not do this any more: choose anyone, or someone else.")
        return None
    return row.staff


def _uses(row: Appointment, resources: Sequence[Resource]) -> bool:
    """Tell whether it uses one of each kind that is asked for."""
    used = {resource.kind for resource in resources if resource.id in row.resource_ids}
    return used == {resource.kind for resource in resources}


def _check_limits_of_new_day(row: Appointment, start: datetime) -> None:
    zone = row.business.zone
    # On its own day it is one of that day's bookings already, and stays one although the limit was lowered since.
    if start.astimezone(zone).date() != row.starts_at.astimezone(zone).date():
        contact = Contact(row.customer_name, row.customer_email, row.customer_phone)
        check_customer_limits(row.business, contact, row.customer_id, start, rescheduling=row)
