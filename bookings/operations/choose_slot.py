"""Judging a start by the rules, choosing who takes it, and offering what is near when it is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from bookings.errors import REFUSALS, SlotUnavailable, TakenMeanwhile
from bookings.load_calendar import calendar_of_days, local_day
from bookings.models import Appointment
from bookings.rules.slots import Reason, Slot
from businesses.models import Business, Service, Staff

T = TypeVar("T")
ALTERNATIVE_DAYS = 7
ROUNDS = 10


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


def with_alternatives(attempt: Callable[[], T], nearest: Callable[[], list[datetime]]) -> T:
    """Return what an operation makes, or raise SlotUnavailable with the starts that are near instead.

    A person who looked free may be taken by now. Then the operation is run again and sees who else is; each round
    that fails so has been won by somebody else.
    """
    for _ in range(ROUNDS):
        try:
            return attempt()
        except TakenMeanwhile:
            continue
        except SlotUnavailable as error:
            raise SlotUnavailable(alternatives=nearest()) from error
    raise SlotUnavailable(alternatives=nearest())


def best_person(slot: Slot) -> UUID | None:
    """Return who takes a slot, None where nobody in particular is needed."""
    return slot.staff[0] if slot.staff else None
