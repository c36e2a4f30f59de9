"""A start that somebody asks for: judged by the rules, given to a person, and what is near when it is gone."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import NamedTuple, ParamSpec, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.errors import (
    OnePlaceOnly,
    ResourceNotNeeded,
    ServiceUnavailable,
    SlotUnavailable,
    TakenMeanwhile,
    refusal,
)
from bookings.load_calendar import calendar_of_days, local_day
from bookings.models import Appointment
from bookings.rules.reasons import Override, overridden_by
from bookings.rules.slots import Calendar, Slot
from businesses.models import Business, Resource, Service, Staff
from rhivo.db.constraints import refusals
from rhivo.db.history import because

P = ParamSpec("P")
R = TypeVar("R")
ALTERNATIVE_DAYS = 7
ROUNDS = 10


class Chosen(NamedTuple):
    """Who takes a start, None where nobody in particular is needed, and one resource of each kind that is."""

    staff_id: UUID | None
    resource_ids: list[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStart:
    """A start of a service, of one staff member or (`staff` None) of anyone, at the present `at`.

    `places` are wanted in a class. `resources` are those that are asked for; of other kinds the rules choose.
    `rescheduling` is the appointment that would go there: its own time does not stand in its way.
    """

    business: Business
    service: Service
    start: datetime
    at: datetime
    staff: Staff | None = None
    rescheduling: Appointment | None = None
    places: int = 1
    resources: Sequence[Resource] = ()

    @contextmanager
    def chosen(self, overrides: Collection[Override] = ()) -> Iterator[Chosen]:
        """Judge the start, and yield who takes it and where; write in the block.

        Raises the one refusal that slot search would give as its reason, and what the triggers refuse in the block.
        The history gets the overrides as the reason of what is written.
        """
        # 1. The rules decide here without a lock, so that a start that is refused anyway waits for nobody.
        # 2. Somebody else may take the place now.
        # 3. The triggers lock the service and the person, count again, and refuse the row: that decides.
        try:
            day = local_day(self.start, self.business.zone)
            slot = self._calendar(day, day).judge(self.start, at=self.at, overridden=overridden_by(overrides))
            if slot.reason is not None:
                raise refusal(slot.reason)
            if overrides:
                because(f"override: {', '.join(overrides)}")
            with refusals():
                yield Chosen(slot.staff[0] if slot.staff else None, list(slot.resources))
        except SlotUnavailable as error:
            error.nearest = self.nearest
            raise

    def slots(self, day: date) -> list[Slot]:
        """Return the slots of a local day, whatever the start."""
        return [slot for _, slots in self._calendar(day, day).days(day, day, at=self.at) for slot in slots]

    def nearest(self) -> list[datetime]:
        """Return up to three free starts nearest to this one, in the business's zone."""
        zone = self.business.zone
        days = days_around(self.start, self.at, zone)
        if not days:
            return []
        first, last = days[0], days[-1]
        found = self._calendar(first, last).nearest(self.start, at=self.at, first=first, last=last)
        return [instant.astimezone(zone) for instant in found]

    def _calendar(self, first: date, last: date) -> Calendar:
        return calendar_of_days(
            self.business,
            self.service,
            first=first,
            last=last,
            at=self.at,
            staff=self.staff,
            rescheduling=self.rescheduling,
            places=self.places,
            resources=self.resources,
        )


def days_around(start: datetime, at: datetime, zone: ZoneInfo) -> list[date]:
    """Return the local dates in which other starts are offered for one that is gone: none before today."""
    day = start.astimezone(zone).date()
    days = (day + timedelta(days=n) for n in range(-ALTERNATIVE_DAYS, ALTERNATIVE_DAYS + 1))
    return [each for each in days if each >= at.astimezone(zone).date()]


def require_bookable(service: Service, places: int = 1) -> None:
    """Raise ServiceUnavailable if it takes no new bookings, OnePlaceOnly for several places in what is no class."""
    if not service.is_active:
        raise ServiceUnavailable()
    if places > 1 and not service.is_group:
        raise OnePlaceOnly()


def require_needed(service: Service, resources: Sequence[Resource]) -> None:
    """Raise ResourceNotNeeded if one that is asked for is of a kind that the service does not need."""
    if resources and not {each.kind for each in resources} <= set(service.needs.values_list("kind", flat=True)):
        raise ResourceNotNeeded()


def with_alternatives(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate an operation: its SlotUnavailable names the nearest free starts, and a lost race is run again.

    Goes around `operation`: only after the rollback can the database be asked again.
    """

    @wraps(function)
    def tried(*args: P.args, **kwargs: P.kwargs) -> R:
        rounds = 1
        while True:
            try:
                return function(*args, **kwargs)
            except SlotUnavailable as error:
                # The person who looked free has been taken, and somebody else may be free: look again. Each round that
                # is lost was won by another booking, so the rounds end when everybody is taken.
                if isinstance(error, TakenMeanwhile) and rounds < ROUNDS:
                    rounds += 1
                    continue
                raise SlotUnavailable(alternatives=error.nearest()) from error

    return tried
