"""Finding what a request names by id or slug, within the business of the claims."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from bookings.models import Appointment
from businesses.models import Business, Service, Staff
from rhivo.db.columns import columns_of
from rhivo.errors import Malformed, NotFound

MAX_DAYS = 62
M = TypeVar("M", bound=models.Model)


def id_or_slug(value: str) -> tuple[str, UUID | str]:
    """Return by which field a value names a row, and as what; ids are UUIDs, slugs never are."""
    try:
        return "id", UUID(value)
    except ValueError:
        return "slug", value


def find_service(business: Business, value: str, *, also_inactive: bool = False) -> Service:
    """Return a service of a business; raises NotFound for none, or for one that is not offered.

    A writing request asks for inactive ones too. Repeated under its key it still gets what it made, and any other gets
    the operation's refusal, which says more.
    """
    service = _named(Service, business, value, also_inactive)
    if service is None:
        raise NotFound("There is no such service.")
    service.business = business  # the same row: reading it through the service would be one more query
    return service


def find_staff(business: Business, value: str | None, *, also_inactive: bool = False) -> Staff | None:
    """Return a staff member of a business, None for None; raises NotFound. Inactive ones as in `find_service`."""
    if value is None:
        return None
    staff = _named(Staff, business, value, also_inactive)
    if staff is None:
        raise NotFound("There is no such staff member.")
    return staff


def _named(model: type[M], business: Business, value: str, also_inactive: bool) -> M | None:
    """Return the row with an id or slug in a business, or None."""
    # In SQL, since every search and hold asks this, and the ORM takes longer to build it than PostgreSQL to answer.
    field, wanted = id_or_slug(value)
    table = model._meta.db_table
    query = f"SELECT {columns_of(model)} FROM {table} WHERE (is_active OR %s) AND business_id = %s AND {field} = %s"
    return next(iter(model._default_manager.raw(query, [also_inactive, business.id, wanted])), None)


def find_appointment(appointment_id: UUID) -> Appointment:
    """Return an appointment that the claims reach; raises NotFound for all others alike."""
    found = appointments().filter(pk=appointment_id).first()
    if found is None:
        raise NotFound("There is no such appointment.")
    return found


def appointments() -> QuerySet[Appointment]:
    """Return the appointments that the claims reach, with what is shown of them."""
    return Appointment.objects.select_related("service", "staff", "business")


def days_between(first: date, last: date) -> int:
    """Return how many days a range has; raises Malformed for a reversed or too long one."""
    days = (last - first).days + 1
    if days < 1:
        raise Malformed(errors={"to": ["Give a date that is not before `from`."]})
    if days > MAX_DAYS:
        raise Malformed(errors={"to": [f"Ask for at most {MAX_DAYS} days."]})
    return days
