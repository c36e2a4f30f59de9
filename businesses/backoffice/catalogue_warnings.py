"""What is allowed in the catalogue and seldom meant. It is saved, and the owner is told how to undo it."""

from uuid import UUID

from businesses.backoffice.kinds_of_resource import active_by_kind, kind_text
from businesses.models import Service, ServiceResource
from rhivo.text.plurals import counted


def fewer_than_people(service: Service) -> str:
    """Return a warning if a service's number keeps some of its people from being booked, else ''."""
    number = service.max_simultaneous_bookings
    # The number of a class counts those who take part, which has nothing to do with who gives it.
    if number is None or service.is_group:
        return ""
    people = service.staff.filter(is_active=True).count()
    if number >= people:
        return ""
    return (
        f"“{service.name}” takes {counted(number, 'booking')} at a time, but {people} people do it: at most {number} of"
        f" them can be booked for it at once. If you do not mean that, leave “Bookings at a time” empty: then its"
        f" people and resources are the limit."
    )


def needs_nobody_meets(business_id: UUID) -> list[str]:
    """Return a warning for each active service that nobody can book for want of an active resource."""
    active = active_by_kind(business_id)
    needs = ServiceResource.objects.filter(business_id=business_id, service__is_active=True).select_related("service")
    return [
        f"Nobody can book “{need.service.name}”: it needs a resource of the kind “{kind_text(need.kind)}”, and none is"
        f" active. Add or activate one, or untick that kind at the service."
        for need in needs.order_by("service__position", "service__name", "kind")
        if not active.get(need.kind)
    ]
