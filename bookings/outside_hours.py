"""Upcoming bookings that the present hours no longer cover. A change of hours cancels nothing: people decide."""

from collections.abc import Iterable
from datetime import datetime

from bookings.load_calendar import hours_of
from bookings.models import Appointment
from bookings.rules.hours import Span, Timetable, epoch_minute
from bookings.rules.slots import Hours
from businesses.models import Business, Staff

NO_HOURS = Hours((), ())


def outside_hours(business: Business, *, at: datetime) -> list[Appointment]:
    """Return the upcoming appointments outside their business's or person's hours, in order of their start."""
    upcoming = Appointment.objects.upcoming(at).filter(business_id=business.id).select_related("service", "staff")
    hours = hours_of(business, list(Staff.objects.filter(business_id=business.id)))
    timetables = {owner: Timetable(theirs, business.zone) for owner, theirs in hours.items()}
    everyone, nobody = timetables[None], Timetable(NO_HOURS, business.zone)

    def is_covered(appointment: Appointment) -> bool:
        day = appointment.starts_at.astimezone(business.zone).date()
        span = epoch_minute(appointment.starts_at), epoch_minute(appointment.ends_at)
        # None where a person has no hours of their own: the business's are theirs.
        own = timetables.get(appointment.staff_id, nobody).windows(day) if appointment.staff_id else None
        return _inside(span, everyone.windows(day) or ()) and (own is None or _inside(span, own))

    return [row for row in upcoming if not is_covered(row)]


def _inside(span: Span, windows: Iterable[Span]) -> bool:
    return any(opens <= span[0] and span[1] <= closes for opens, closes in windows)
