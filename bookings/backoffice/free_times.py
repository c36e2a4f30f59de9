"""Free starts to offer to a customer on the phone."""

from collections.abc import Sequence
from datetime import date, datetime

from bookings.models import Appointment
from bookings.operations.choose_slot import WantedStart
from businesses.models import Business, Resource, Service, Staff


def free_times(
    business: Business,
    service: Service,
    day: date,
    *,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
    places: int = 1,
    resources: Sequence[Resource] = (),
) -> list[datetime]:
    """Return the free starts of a local day, or the nearest others if it is full, in the business's zone."""
    # A full day has no start to be near to, so its middle stands for it.
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=business.zone)
    wanted = WantedStart(
        business=business,
        service=service,
        start=noon,
        at=at,
        staff=staff,
        rescheduling=rescheduling,
        places=places,
        resources=resources,
    )
    slots = [slot.start.astimezone(business.zone) for slot in wanted.slots(day)]
    return slots or wanted.nearest()
