"""Judging a start by the rules, and taking the first free person for it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from bookings.availability import Reason, Slot
from bookings.errors import REFUSALS, SlotUnavailable
from bookings.models import Appointment
from bookings.schedule import calendar_of_days, local_day
from businesses.models import Business, Service, Staff
from rhivo.db.constraints import refusals

T = TypeVar("T")
ALTERNATIVE_DAYS = 7


def judged_slot(
    business: Business,
    service: Service,
    start: datetime,
    *,
    at: datetime,
    staff: Staff | None = None,
    moving: Appointment | None = None,
    lifted: frozenset[Reason] = frozenset(),
) -> Slot:
    """Return the slot at a start, or raise the one refusal that slot search would give as its reason."""
    day = local_day(start, business.zone)
    calendar = calendar_of_days(business, service, first=day, last=day, at=at, staff=staff, moving=moving)
    slot = calendar.judge(start, at=at, lifted=lifted)
    if slot.reason is not None:
        raise REFUSALS[slot.reason]()
    return slot


def nearest_starts(
    business: Business,
    service: Service,
    start: datetime,
    *,
    at: datetime,
    staff: Staff | None = None,
    moving: Appointment | None = None,
) -> list[datetime]:
    """Return up to three free starts nearest to one that is not, in the business's zone."""
    day = start.astimezone(business.zone).date()
    first = max(day - timedelta(days=ALTERNATIVE_DAYS), at.astimezone(business.zone).date())
    last = day + timedelta(days=ALTERNATIVE_DAYS)
    if last < first:
        return []
    calendar = calendar_of_days(business, service, first=first, last=last, at=at, staff=staff, moving=moving)
    found = calendar.nearest(start, at=at, first=first, last=last)
    return [instant.astimezone(business.zone) for instant in found]


def first_free(slot: Slot, write: Callable[[UUID | None], T]) -> T:
    """Write with the first person of a slot for whom the database takes it, or with nobody where none is needed.

    Who looked free may be taken by now: each further person is another try in a savepoint.
    """
    if not slot.staff:
        with refusals():
            return write(None)
    for person in slot.staff[:-1]:
        try:
            with refusals(), transaction.atomic():
                return write(person)
        except SlotUnavailable:
            continue
    with refusals():
        return write(slot.staff[-1])
