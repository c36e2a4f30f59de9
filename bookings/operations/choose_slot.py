"""Judging a start by the rules, choosing who takes it, and offering what is near when it is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from bookings.errors import SlotUnavailable, TakenMeanwhile, refusal
from bookings.load_calendar import calendar_of_days, local_day
from bookings.models import Appointment
from bookings.rules.reasons import Reason
from bookings.rules.slots import Slot
from businesses.models import Business, Service, Staff

P = ParamSpec("P")
R = TypeVar("R")
ALTERNATIVE_DAYS = 7
ROUNDS = 10


def judged_slot(
    business: Business,
    service: Service,
    start: datetime,
    *,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
    overridden: frozenset[Reason] = frozenset(),
) -> Slot:
    """Return the slot at a start, or raise the one refusal that slot search would give as its reason."""
    day = local_day(start, business.zone)
    calendar = calendar_of_days(business, service, first=day, last=day, at=at, staff=staff, rescheduling=rescheduling)
    slot = calendar.judge(start, at=at, overridden=overridden)
    if slot.reason is not None:
        raise refusal(slot.reason)
    return slot


def nearest_starts(
    *,
    business: Business,
    service: Service,
    start: datetime,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
    **_other: object,
) -> list[datetime]:
    """Return up to three free starts nearest to one that is not, in the business's zone.

    Takes the arguments of the operation that did not get the start, and needs no more of them.
    """
    day = start.astimezone(business.zone).date()
    first = max(day - timedelta(days=ALTERNATIVE_DAYS), at.astimezone(business.zone).date())
    last = day + timedelta(days=ALTERNATIVE_DAYS)
    if last < first:
        return []
    calendar = calendar_of_days(
        business, service, first=first, last=last, at=at, staff=staff, rescheduling=rescheduling
    )
    found = calendar.nearest(start, at=at, first=first, last=last)
    return [instant.astimezone(business.zone) for instant in found]


def with_alternatives(nearest: Callable[..., list[datetime]]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate an operation: what it raises when a start is taken names the starts that `nearest` finds instead.

    A person who looked free may be taken by now. Then the operation runs again and sees who else is; each round that
    fails so has been won by somebody else. `nearest` gets the operation's own keyword arguments.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def tried(*args: P.args, **kwargs: P.kwargs) -> R:
            for _ in range(ROUNDS):
                try:
                    return function(*args, **kwargs)
                except TakenMeanwhile:
                    continue
                except SlotUnavailable as error:
                    raise SlotUnavailable(alternatives=nearest(**kwargs)) from error
            raise SlotUnavailable(alternatives=nearest(**kwargs))

        return tried

    return decorated


def best_person(slot: Slot) -> UUID | None:
    """Return who takes a slot, None where nobody in particular is needed."""
    return slot.staff[0] if slot.staff else None
