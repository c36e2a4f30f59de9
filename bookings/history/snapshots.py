"""The entries of an appointment, and appointments as an entry keeps them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.models import AuditLog
from bookings.models import Appointment
from businesses.models import Business, Service, Staff

ENTITY = "appointment"


def history_of(appointment: Appointment) -> QuerySet[AuditLog]:
    """Return the entries of one appointment that the claims reach, the oldest first."""
    return AuditLog.objects.filter(
        business_id=appointment.business_id, entity=ENTITY, entity_id=appointment.pk
    ).order_by("id")


def appointment_as_it_was(
    snapshot: Mapping[str, Any], business: Business, services: Mapping[UUID, Service], people: Mapping[UUID, Staff]
) -> Appointment:
    """Return what an entry kept, as an appointment that is never saved.

    A service or person that is no longer there leaves its id, and the service the name that was agreed.
    """
    # By column: a snapshot is a row as JSON. A column that was dropped since is in old snapshots and left out.
    fields = {field.attname: field for field in Appointment._meta.concrete_fields}
    was = Appointment(**{name: fields[name].to_python(value) for name, value in snapshot.items() if name in fields})
    # ArrayField reads text alone: the ids in a list of JSON it would leave as texts.
    was.resource_ids = [UUID(each) for each in snapshot.get("resource_ids") or ()]
    was.business = business
    was.service = services.get(was.service_id) or Service(id=was.service_id, slug="", name=was.service_name)
    if was.staff_id is not None:
        was.staff = people.get(was.staff_id) or Staff(id=was.staff_id, slug="", name="")
    return was
