"""Slots: which starts a service offers, and for every other start the one reason why not.

The single implementation of the slot rules, used by slot search, holds, staff bookings and reschedules. Pure: hours,
people, spans and the present come in as values. Who is asking, and who may override what, is left to the caller.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from bookings.rules.day import Day, Worker, holds
from bookings.rules.hours import (
    EPOCH,
    MINUTES_A_DAY,
    DateException,
    Hours,
    Span,
    Timetable,
    WeeklyWindow,
    day_bounds,
    epoch_minute,
    local_instant,
)
from bookings.rules.occupancy import Diary, HostedClass, Occupancy, OccupiedSpan, class_key_number, class_key_of
from bookings.rules.reasons import Reason
from bookings.rules.terms import Person, Resource, Rules, ServiceTerms, Slot, occupied_time

__all__ = [
    "Calendar",
    "DateException",
    "Hours",
    "OccupiedSpan",
    "Person",
    "Resource",
    "Rules",
    "ServiceTerms",
    "Slot",
    "WeeklyWindow",
    "class_key_of",
    "local_instant",
    "occupied_time",
]

GRAIN = timedelta(minutes=5)
_HOURS_REASONS = frozenset({Reason.CLOSED, Reason.BREAK, Reason.OUTSIDE_HOURS})
_MANY = 1000  # more than any service, person or room takes
_NOTHING: frozenset[Reason] = frozenset()


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the present allows: the starts that are past, too soon and too far."""

    now: int
    earliest: int
    latest: int

    @classmethod
    def at(cls, at: datetime, rules: Rules) -> "_Limits":
        # Starts are whole minutes, and the present is rounded inwards: up for `now`, so that 10:00 is past at 10:00:01,
        # and down for `latest`.
        minute = epoch_minute(at)
        now = minute + (1 if at.second or at.microsecond else 0)
        latest = minute + rules.max_advance_days * MINUTES_A_DAY
        return cls(now, now + rules.min_notice_minutes, latest)

    def reason(self, start: int, overridden: frozenset[Reason]) -> Reason | None:
        if start < self.now and Reason.PAST not in overridden:
            return Reason.PAST
        if start < self.earliest and Reason.TOO_SOON not in overridden:
            return Reason.TOO_SOON
        if start > self.latest and Reason.TOO_FAR not in overridden:
            return Reason.TOO_FAR
        return None


class _Offer(NamedTuple):
    reason: Reason | None
    remaining: int = 0
    staff: tuple[UUID, ...] = ()
    resources: tuple[UUID, ...] = ()


_REFUSED = {reason: _Offer(reason) for reason in Reason}


class Calendar:
    """The slots of one service for a set of people and resources, given the spans on their time.

    `spans` are the live ones of this service, and of these people and resources in any service, without those that must
    not stand in the way (a reschedule's own). For one requested person, pass that one. `places` are wanted in a class.
    """

    def __init__(
        self,
        rules: Rules,
        hours: Hours,
        service: ServiceTerms,
        people: Sequence[Person],
        spans: Iterable[OccupiedSpan],
        resources: Sequence[Resource] = (),
        places: int = 1,
    ) -> None:
        self._rules = rules
        self._service = service
        self._service_id = str(service.id)
        self._timetable = Timetable(hours, rules.zone)
        self._occupancy = Occupancy(service.id, spans)
        self._people = [
            (person, Timetable(person.hours, rules.zone), self._occupancy.diary(person.id, person.capacity))
            for person in people
        ]
        self._resources = self._diaries_of(sorted(resources, key=lambda resource: (resource.name, resource.id)))
        self._places = places
        self._known_days: dict[date, Day] = {}

    def days(
        self, first: date, last: date, *, at: datetime, include_unavailable: bool = False
    ) -> list[tuple[date, list[Slot]]]:
        """List every local date from `first` to `last` inclusive, once, with its slots in order.

        With `include_unavailable` the refused grid times of the whole date come too.
        """
        limits = _Limits.at(at, self._rules)
        count = (last - first).days + 1
        dates = [first + timedelta(days=n) for n in range(count)]
        return [(day, self._slots(day, limits, include_unavailable=include_unavailable)) for day in dates]

    def judge(self, start: datetime, *, at: datetime, overridden: frozenset[Reason] = _NOTHING) -> Slot:
        """Return the slot at any start, as `days` gives it; `overridden` reasons are skipped.

        Overriding STAFF_UNAVAILABLE lets people work at any hour. FULL, having nobody to ask, and a start off the
        5-minute grain are never overridden.
        """
        if not _has_room(start):
            return Slot(start, start, 0, (), Reason.PAST if start < at else Reason.TOO_FAR)
        minute = epoch_minute(start)
        # The database takes no start off the grain (`starts_on_the_grain`), whoever asks.
        if (start - EPOCH) % GRAIN:
            offer = _REFUSED[Reason.OFF_GRID]
        else:
            # The grid is counted from each window's opening: outside of the windows there is none to keep to.
            if overridden & _HOURS_REASONS:
                overridden |= {Reason.OFF_GRID}
            limits = _Limits.at(at, self._rules)
            offer = self._offer(self._day_at(start), minute, limits, overridden)
        start = start.astimezone(UTC)
        end = start + timedelta(minutes=self._service.duration_minutes)
        return Slot(start, end, offer.remaining, offer.staff, offer.reason, offer.resources)

    def alone(self, person_id: UUID) -> "Calendar":
        """Return this calendar with one person alone, or with nobody if it does not know that one."""
        theirs = copy(self)
        theirs._people = [entry for entry in self._people if entry[0].id == person_id]
        theirs._known_days = {}  # the copy shares the dict, and a day in it has all the people
        return theirs

    def with_spans(self, spans: Iterable[OccupiedSpan]) -> "Calendar":
        """Return this calendar with other spans on the time of its service and people, such as those of the past."""
        other = copy(self)
        other._occupancy = Occupancy(self._service.id, spans)
        other._people = [
            (person, hours, other._occupancy.diary(person.id, person.capacity)) for person, hours, _ in self._people
        ]
        other._resources = other._diaries_of([resource for resource, _ in self._resources])
        other._known_days = {}
        return other

    @property
    def service(self) -> ServiceTerms:
        """Return what a slot takes."""
        return self._service

    def first_reason(self, start: int, *, at: datetime) -> Reason | None:
        """Return why nothing begins at this minute, whoever is free: hours, grid and the present; None if it may."""
        day = self._day_at(_instant(start))
        reason = day.hours_reason(start, start + self._service.duration_minutes)
        if reason is None and start not in day.steps:
            reason = Reason.OFF_GRID
        return reason or _Limits.at(at, self._rules).reason(start, _NOTHING)

    def steps(self, day: date) -> list[int]:
        """Return the grid of a local date, in minutes since the epoch."""
        return sorted(self._day(day).steps)

    def working(self, start: int) -> list[tuple[UUID, Diary]]:
        """Return who works at this minute until the service is over, in the order to try them."""
        return [(worker.id, worker.diary) for worker in self._working(self._day_at(_instant(start)), start)]

    def is_open(self, start: int) -> bool:
        """Tell whether one window of the business holds the service from this minute on."""
        return self._day_at(_instant(start)).hours_reason(start, start + self._service.duration_minutes) is None

    def spare_places(self, begins: int, ends: int) -> int:
        """Return how many places of the service are left during all of a range."""
        capacity = self._service.capacity
        return _MANY if capacity is None else capacity - self._occupancy.peak(begins, ends)

    def resources(self, kind: str) -> list[tuple[UUID, Diary]]:
        """Return the resources of a kind that the service needs, in the order to try them."""
        return [(resource.id, diary) for resource, diary in self._resources if resource.kind == kind]

    def nearest(self, start: datetime, *, at: datetime, first: date, last: date, count: int = 3) -> list[datetime]:
        """Return the free starts of these dates nearest to `start`, itself left out."""
        free = [slot.start for _, slots in self.days(first, last, at=at) for slot in slots]
        others = (other for other in free if other != start)
        return sorted(others, key=lambda other: (abs(other - start), other))[:count]

    def _slots(self, day: date, limits: _Limits, *, include_unavailable: bool) -> list[Slot]:
        if not MINYEAR < day.year < MAXYEAR:
            return []
        known = self._day(day)
        interval = self._rules.slot_interval_minutes
        duration = timedelta(minutes=self._service.duration_minutes)
        slots: list[Slot] = []
        for step in sorted(known.all_steps(interval) if include_unavailable else known.steps):
            offer = self._offer(known, step, limits, _NOTHING)
            if offer.reason is None or include_unavailable:
                start = _instant(step)
                end = start + duration
                slots.append(Slot(start, end, offer.remaining, offer.staff, offer.reason, offer.resources))
        return slots

    def _offer(self, day: Day, start: int, limits: _Limits, overridden: frozenset[Reason]) -> _Offer:
        # In the order of `Reason`, which is what callers are promised: hours, grid, present, people, places. `judge`
        # has refused a start off the 5-minute grain before.
        reason = day.hours_reason(start, start + self._service.duration_minutes)
        if reason and reason not in overridden:
            return _REFUSED[reason]
        if start not in day.steps and Reason.OFF_GRID not in overridden:
            return _REFUSED[Reason.OFF_GRID]
        reason = limits.reason(start, overridden)
        if reason:
            return _REFUSED[reason]
        return self._place(day, start, anyone_works=Reason.STAFF_UNAVAILABLE in overridden)

    def _place(self, day: Day, start: int, *, anyone_works: bool) -> _Offer:
        service = self._service
        begins = start - service.buffer_before_minutes
        ends = start + service.duration_minutes + service.buffer_after_minutes
        peak = self._occupancy.peak(begins, ends)
        left = _MANY if service.capacity is None else service.capacity - peak
        # A class at this start would be part of the peak: without one, the search for it is spared.
        hosted = self._class_at(start) if service.is_group and peak else None
        free: tuple[UUID, ...] = ()
        if service.has_staff:
            if hosted is not None and hosted.host is not None:
                free = self._host_of(hosted, begins, ends)
                people = len(free)
            else:
                working = day.workers if anyone_works else self._working(day, start)
                if not working:
                    return _REFUSED[Reason.STAFF_UNAVAILABLE]
                free, people = self._free(working, day.origin, start, begins, ends)
            left = min(left, _MANY if service.is_group and people else people)
        if not service.needs:
            return self._offered(left, free)
        rooms, uses = self._rooms(hosted, begins, ends)
        return self._offered(min(left, _MANY if service.is_group and uses else uses), free, rooms)

    def _free(
        self, working: Sequence[Worker], origin: int, start: int, begins: int, ends: int
    ) -> tuple[tuple[UUID, ...], int]:
        """Return who has all of the time, and how many bookings they could take of it."""
        service = self._service
        wanted = ((1 << (ends - begins)) - 1) << (begins - origin)
        gap = start + service.processing_after_minutes
        if service.processing_minutes:
            wanted &= ~(((1 << service.processing_minutes) - 1) << (gap - origin))
        free = [worker for worker in working if not worker.taken & wanted]
        ids = tuple([worker.id for worker in free])
        if all(worker.diary.capacity == 1 for worker in free):
            return ids, len(ids)
        ranges = ((begins, gap), (gap + service.processing_minutes, ends)) if service.processing_minutes else None
        return ids, sum(min(worker.diary.spare(*span) for span in ranges or ((begins, ends),)) for worker in free)

    def _rooms(self, hosted: HostedClass | None, begins: int, ends: int) -> tuple[tuple[UUID, ...], int]:
        """Return one resource of each kind that has all of the time, and how many bookings they could take of it."""
        chosen, uses = [], _MANY
        for kind in self._service.needs:
            mine = [(resource, diary) for resource, diary in self._resources if resource.kind == kind]
            if hosted is not None:
                # The class has its room. It may have been closed since, or be too long for what else is in it.
                mine = [(resource, diary) for resource, diary in mine if resource.id in hosted.resources]
                spares = [int(diary.is_free_but_for(hosted.key, begins, ends)) for _, diary in mine]
            else:
                spares = [diary.spare(begins, ends) for _, diary in mine]
            uses = min(uses, sum(spares))
            chosen += [resource.id for (resource, _), spare in zip(mine, spares, strict=True) if spare][:1]
        return tuple(chosen), uses

    def _class_at(self, start: int) -> HostedClass | None:
        return self._occupancy.class_of(class_key_number(self._service_id, start * 60))

    def _host_of(self, hosted: HostedClass, begins: int, ends: int) -> tuple[UUID, ...]:
        """Return who may take a place in a class: its host, or nobody."""
        # Hours are not asked: this class is booked, so it takes place. But somebody else may have been requested, or
        # the host may have left the service or be booked for something else.
        for person, _, diary in self._people:
            if person.id == hosted.host and diary.is_free_but_for(hosted.key, begins, ends):
                return (person.id,)
        return ()

    def _offered(self, left: int, staff: tuple[UUID, ...], rooms: tuple[UUID, ...] = ()) -> _Offer:
        return _Offer(None, left, staff, rooms) if left >= self._places else _REFUSED[Reason.FULL]

    def _diaries_of(self, resources: Sequence[Resource]) -> list[tuple[Resource, Diary]]:
        return [(resource, self._occupancy.diary(resource.id, resource.capacity)) for resource in resources]

    def _working(self, day: Day, start: int) -> Sequence[Worker]:
        end = start + self._service.duration_minutes
        if not holds(day.windows, start, end):
            return ()
        return [w for w in day.workers if w.windows is None or holds(w.windows, start, end)]

    def _day_at(self, start: datetime) -> Day:
        """Return the date that an instant belongs to."""
        day, minute = start.astimezone(self._rules.zone).date(), epoch_minute(start)
        known = self._day(day)
        # Clocks put back over midnight make the last hour of a date come again, after the next has begun. That hour
        # belongs to the next, so that every instant belongs to one date.
        if minute < known.begins:
            return self._day(day - timedelta(days=1))
        if minute >= known.ends:
            return self._day(day + timedelta(days=1))
        return known

    def _day(self, day: date) -> Day:
        known = self._known_days.get(day)
        if known is None:
            known = self._known_days[day] = self._drawn_up(day)
        return known

    def _drawn_up(self, day: date) -> Day:
        begins, ends = day_bounds(day, self._rules.zone)
        windows = self._timetable.windows(day) or ()
        interval = self._rules.slot_interval_minutes
        # Windows may overlap when the clocks change: a set keeps their common steps once.
        steps = frozenset(step for span in windows for step in range(*span, interval))
        # A booking at the day's first minute occupies its buffer in the day before.
        origin = begins - self._service.buffer_before_minutes
        workers = self._workers(day, origin, (begins, ends), windows)
        return Day(begins, ends, origin, windows, steps, workers)

    def _workers(self, day: date, origin: int, bounds: Span, windows: tuple[Span, ...]) -> tuple[Worker, ...]:
        # Work is spread: who has least that day comes first. Name and id make the order the same each time.
        def fewest_spans(entry: tuple[Person, Timetable, Diary]) -> tuple[int, str, UUID]:
            person, _, diary = entry
            return diary.begun(*bounds), person.name, person.id

        # As far as the day's last start can reach.
        until = bounds[1] + self._service.duration_minutes + self._service.buffer_after_minutes
        workers = []
        for person, hours, diary in sorted(self._people, key=fewest_spans):
            own = hours.windows(day)
            # `_working` has asked the business's windows already: the same again would be asked for nothing.
            own = None if own == windows else own
            workers.append(Worker(person.id, diary, diary.taken(origin, until), own))
        return tuple(workers)


def _instant(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def _has_room(start: datetime) -> bool:
    """Tell whether zones and durations can be added without leaving what a datetime can hold."""
    return MINYEAR < start.year < MAXYEAR
