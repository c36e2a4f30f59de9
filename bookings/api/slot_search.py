"""Slot search: from the business's calendar to what the API answers."""

from datetime import date, datetime
from typing import Any

from bookings.api.serializers import SlotsSerializer
from bookings.load_calendar import calendar_of_days, slugs_of_staff
from bookings.lookups import days_between
from bookings.operations.choose_slot import require_bookable
from businesses.models import Business, Service, Staff


def search_slots(
    business: Business,
    service: Service,
    *,
    first: date,
    last: date,
    staff: Staff | None,
    places: int = 1,
    include_unavailable: bool,
    at: datetime,
) -> dict[str, Any]:
    """Return the slots of a range of local days as the API shows them.

    Raises Malformed for more than 62 days, and OnePlaceOnly for several places in what is no class.
    """
    # Refused before the calendar is loaded, which takes a query and memory for the whole range.
    days_between(first, last)
    require_bookable(service, places)
    calendar = calendar_of_days(business, service, first=first, last=last, at=at, staff=staff, places=places)
    # By number: a UUID takes longer to hash than to look up, and a busy month names thousands.
    slugs = {person.int: slug for person, slug in slugs_of_staff(business).items()}
    days = [
        {"date": day, "slots": slots}
        for day, slots in calendar.days(first, last, at=at, include_unavailable=include_unavailable)
    ]
    found = {"timezone": business.timezone, "days": days}
    return SlotsSerializer(found, context={"zone": business.zone, "slugs": slugs}).data
