"""Free starts to offer to a customer on the phone."""

from datetime import date, datetime

from bookings.load_calendar import calendar_of_days
from bookings.models import Appointment
from bookings.operations.choose_slot import WantedStart
from businesses.models import Business, Service, Staff


def free_times(
    business: Business,
    service: Service,
    day: date,
    *,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
) -> list[datetime]:
    """Return the free starts of a local day, or the nearest others if it is full, in the business's zone."""
    calendar = calendar_of_days(business, service, first=day, last=day, at=at, staff=staff, rescheduling=rescheduling)
    slots = [slot.start.astimezone(business.zone) for _, slots in calendar.days(day, day, at=at) for slot in slots]
    # A full day has no start to be near to, so its middle stands for it.
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=business.zone)
    wanted = WantedStart(business=business, service=service, start=noon, at=at, staff=staff, rescheduling=rescheduling)
    return slots or wanted.nearest()
