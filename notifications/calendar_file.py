"""An appointment as a file for people's own calendars (RFC 5545).

It takes the facts of an appointment, not the model: this app imports nothing of bookings.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from icalendar import Calendar, Event

PRODUCT = "-//Rhivo//Bookings//EN"


def calendar_file(facts: Mapping[str, Any], *, url: str, canceled: bool, at: datetime) -> bytes:
    """Return the iCalendar file of an appointment, with times in UTC.

    `facts` are those of `bookings.messages.facts`; `url` is where the customer changes it; `at` is the present.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    # Not REQUEST: that would invite, and calendars would answer to an organizer. RFC 5546, section 3.2.1.
    calendar.add("method", "PUBLISH")
    calendar.add_component(_event(facts, url=url, canceled=canceled, at=at))
    return bytes(calendar.to_ical())


def _event(facts: Mapping[str, Any], *, url: str, canceled: bool, at: datetime) -> Event:
    business = facts["business"]
    event = Event()
    # UID stays and SEQUENCE grows, so that a calendar updates the entry it has instead of adding another.
    event.add("uid", f"{facts['appointment_id']}@{settings.BASE_DOMAIN}")
    event.add("sequence", facts["version"])
    event.add("status", "CANCELLED" if canceled else "CONFIRMED")
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", _instant(facts["start"]))
    event.add("dtend", _instant(facts["end"]))
    event.add("summary", f"{facts['service']}, {business['name']}")
    event.add("description", "\n".join(filter(None, _lines(facts, url))))
    event.add("url", url)
    if place := [*facts["resources"], *filter(None, [business["address"]])]:
        event.add("location", ", ".join(place))
    return event


def _lines(facts: Mapping[str, Any], url: str) -> list[str]:
    staff, phone = facts["staff"], facts["business"]["phone"]
    return [
        f"Reference {facts['reference']}",
        f"With {staff}" if staff else "",
        f"{facts['places']} places" if facts["places"] > 1 else "",
        f"Phone {phone}" if phone else "",
        f"See, reschedule or cancel it: {url}",
    ]


def _instant(value: str | datetime) -> datetime:
    # UTC needs no VTIMEZONE in the file; each calendar shows its owner's own zone.
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
