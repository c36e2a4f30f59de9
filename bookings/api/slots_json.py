"""Slot search as JSON. Written by hand where DRF would build thousands of small objects twice."""

import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bookings.load_calendar import calendar_of_days, slugs_of_staff
from bookings.lookups import days_between
from bookings.rules.slots import Slot
from businesses.models import Business, Service, Staff


def slots_body(
    business: Business,
    service: Service,
    *,
    first: date,
    last: date,
    staff: Staff | None,
    include_unavailable: bool,
    at: datetime,
) -> bytes:
    """Return the slots of a range of local days as JSON; raises Malformed for more than 62 days."""
    days_between(first, last)
    calendar = calendar_of_days(business, service, first=first, last=last, at=at, staff=staff)
    # By number: a UUID takes longer to hash than to look up, and a busy month names thousands.
    slugs = {person.int: slug for person, slug in slugs_of_staff(business).items()}
    days = [
        {"date": day.isoformat(), "slots": [_slot(slot, business.zone, slugs) for slot in slots]}
        for day, slots in calendar.days(first, last, at=at, include_unavailable=include_unavailable)
    ]
    return json.dumps({"timezone": business.timezone, "days": days}, separators=(",", ":")).encode()


def _slot(slot: Slot, zone: ZoneInfo, slugs: dict[int, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "start": slot.start.astimezone(zone).isoformat(),
        "end": slot.end.astimezone(zone).isoformat(),
        "remaining": slot.remaining,
        "staff": [slugs[person.int] for person in slot.staff],
    }
    return body if slot.reason is None else body | {"reason": slot.reason.value}
