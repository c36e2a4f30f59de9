"""The oracle of slot search: which starts of a business are offered, to whom, and why not, around clock changes too.

It reckons minute by minute and without any cleverness, and shares only the value types and `class_key_of` with the real
rules. `oracle` beside it is the oracle of bookings: what a business has promised, and which writes must be refused.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.rules.reasons import Reason
from bookings.rules.slots import Hours, OccupiedSpan, Person, Resource, Rules, ServiceTerms, Slot, class_key_of
from rhivo.testing.oracles.wall_clock import WallClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MANY = 1000
Place = tuple[int, tuple[UUID, ...], tuple[UUID, ...]]  # how many are left, who may take one, and where
HOURS = {Reason.CLOSED, Reason.BREAK, Reason.OUTSIDE_HOURS}


def number(instant: datetime) -> int:
    return (instant - EPOCH) // MINUTE


@lru_cache(maxsize=64)
def clock(zone: ZoneInfo, day: date) -> WallClock:
    """Read the wall clock at every minute around a date."""
    begins = number(datetime(day.year, day.month, day.day, tzinfo=UTC)) - 1440
    readings = [
        (m, number((EPOCH + m * MINUTE).astimezone(zone).replace(tzinfo=UTC))) for m in range(begins, begins + 4 * 1440)
    ]
    return WallClock(readings)


@cache
def resolve(zone: ZoneInfo, day: date, minute: int) -> int:
    return clock(zone, day).instant(number(datetime.combine(day, time(), UTC)) + minute)


class SlotOracle:
    def __init__(
        self,
        rules: Rules,
        hours: Hours,
        service: ServiceTerms,
        people: list[Person],
        spans: list[OccupiedSpan],
        resources: list[Resource] | None = None,
        places: int = 1,
    ) -> None:
        self.rules, self.hours, self.service = rules, hours, service
        self.people, self.spans, self.places = people, spans, places
        self.resources = sorted(resources or [], key=lambda resource: (resource.name, resource.id))
        self.level: Counter[int] = Counter()
        for span in spans:
            if span.service_id == service.id:
                for minute in range(span.begins, span.ends):
                    self.level[minute] += span.places

    def bounds(self, day: date) -> tuple[int, int]:
        return resolve(self.rules.zone, day, 0), resolve(self.rules.zone, day, 1440)

    def windows(self, hours: Hours, day: date) -> list[tuple[int, int]]:
        covering = [e for e in hours.exceptions if e.first <= day <= e.last]
        # One closed exception closes the day, whatever other exceptions open.
        if any(e.opens is None for e in covering):
            return []
        wall = [(e.opens, e.closes) for e in covering] or [
            (w.opens, w.closes) for w in hours.weekly if w.weekday == day.weekday()
        ]
        zone = self.rules.zone
        spans = [(resolve(zone, day, o or 0), resolve(zone, day, c or 0)) for o, c in wall]
        # A window that lies in the hour that the clocks skip is empty.
        return [span for span in spans if span[0] < span[1]]

    def grid(self, day: date) -> list[int]:
        begins, ends = self.bounds(day)
        windows = self.windows(self.hours, day)
        return [m for m in range(begins, ends) if self.is_grid_time(m, begins, windows)]

    def is_grid_time(self, m: int, begins: int, windows: list[tuple[int, int]]) -> bool:
        step = self.rules.slot_interval_minutes
        around = [o for o, c in windows if o <= m < c]
        if around:
            return any((m - o) % step == 0 for o in around)
        if not windows:
            return (m - begins) % step == 0
        before = [(c, o) for o, c in windows if c <= m]
        origin = max(before)[1] if before else min(windows)[0]
        return (m - origin) % step == 0

    def reason_of_hours(self, m: int, day: date) -> Reason | None:
        windows = self.windows(self.hours, day)
        end = m + self.service.duration_minutes
        if not windows:
            return Reason.CLOSED
        if any(o <= m and end <= c for o, c in windows):
            return None
        last = max(c for _, c in windows)
        runs_until = max((c for o, c in windows if o <= m < c), default=None)
        if runs_until is not None:
            return Reason.OUTSIDE_HOURS if runs_until == last else Reason.BREAK
        return Reason.BREAK if min(windows)[0] <= m < last else Reason.OUTSIDE_HOURS

    def reasons(self, m: int, day: date, at: datetime) -> list[Reason]:
        """List every reason before those of staff and capacity, in order."""
        start = EPOCH + m * MINUTE
        found = [self.reason_of_hours(m, day)]
        around = [o for o, c in self.windows(self.hours, day) if o <= m < c]
        if not any((m - o) % self.rules.slot_interval_minutes == 0 for o in around):
            found.append(Reason.OFF_GRID)
        if start < at:
            found.append(Reason.PAST)
        if start < at + timedelta(minutes=self.rules.min_notice_minutes):
            found.append(Reason.TOO_SOON)
        if start > at + timedelta(days=self.rules.max_advance_days):
            found.append(Reason.TOO_FAR)
        return [reason for reason in found if reason]

    def judge(self, m: int, day: date, at: datetime, overridden: frozenset[Reason]) -> Slot:
        start = EPOCH + m * MINUTE
        end = start + timedelta(minutes=self.service.duration_minutes)
        # Who sets the hours aside sets their grid aside too.
        skipped = overridden | ({Reason.OFF_GRID} if overridden & HOURS else set())
        standing = [reason for reason in self.reasons(m, day, at) if reason not in skipped]
        result = standing[0] if standing else self.place(m, day, overridden)
        if isinstance(result, Reason):
            return Slot(start, end, 0, (), result)
        left, staff, rooms = result
        return Slot(start, end, left, staff, None, rooms)

    def place(self, m: int, day: date, overridden: frozenset[Reason]) -> Reason | Place:
        service = self.service
        taken = range(
            m - service.buffer_before_minutes,
            m + service.duration_minutes + service.buffer_after_minutes,
        )
        left = MANY if service.capacity is None else service.capacity - max(self.level[minute] for minute in taken)
        class_key = class_key_of(service.id, EPOCH + m * MINUTE)
        members = [c for c in self.spans if service.is_group and c.class_key == class_key]
        free: list[UUID] = []
        if service.has_staff:
            gap = m + service.processing_after_minutes
            working = [minute for minute in taken if not gap <= minute < gap + service.processing_minutes]
            hosts = {c.staff_id for c in members} - {None}
            people = self.people
            if hosts:
                people = [person for person in people if person.id in hosts]
            elif Reason.STAFF_UNAVAILABLE not in overridden:
                people = [p for p in people if self.works(p, m, day)]
            if not people and not hosts:
                return Reason.STAFF_UNAVAILABLE
            # The order in which people are chosen: the fewest bookings that day, then the first name.
            people = sorted(people, key=lambda p: (self.bookings_that_day(p.id, day), p.name))
            spares = {p.id: self.spare(p.id, p.capacity, working, class_key if hosts else None) for p in people}
            free = [who for who, spare in spares.items() if spare]
            left = min(left, self.bound(sum(spares.values())))
        rooms = []
        for kind in service.needs:
            candidates = [r for r in self.resources if r.kind == kind]
            if members:
                there = {c.resource_id for c in members}
                candidates = [r for r in candidates if r.id in there]
            uses = {r.id: self.spare(r.id, r.capacity, taken, class_key if members else None) for r in candidates}
            # A class that goes on in its room takes no more of it.
            bound = sum(min(spare, 1) for spare in uses.values()) if members else sum(uses.values())
            left = min(left, self.bound(bound))
            rooms += [room for room, spare in uses.items() if spare][:1]
        return (left, tuple(free), tuple(rooms)) if left >= self.places else Reason.FULL

    def bound(self, uses: int) -> int:
        """Return how many places a number of free people or rooms serve: one serves a whole class."""
        return MANY if self.service.is_group and uses else uses

    def spare(self, subject: UUID, capacity: int, minutes: Iterable[int], but: UUID | None) -> int:
        """Return how many more uses a person or resource has during all of some minutes; a class is one use."""
        mine = [
            (c, c.class_key or number)
            for number, c in enumerate(self.spans)
            if subject in (c.staff_id, c.resource_id) and (but is None or c.class_key != but)
        ]
        peak = max(len({key for c, key in mine if c.begins <= minute < c.ends}) for minute in minutes)
        return max(capacity - peak, 0)

    def works(self, who: Person, m: int, day: date) -> bool:
        end = m + self.service.duration_minutes
        own = who.hours
        # Who has no hours of their own for that day follows the business.
        follows = not own.weekly and not any(e.first <= day <= e.last for e in own.exceptions)
        business = self.windows(self.hours, day)
        mine = business if follows else self.windows(own, day)
        return all(any(o <= m and end <= c for o, c in spans) for spans in (business, mine))

    def bookings_that_day(self, who: UUID, day: date) -> int:
        begins, ends = self.bounds(day)
        return sum(c.staff_id == who and not c.continues and begins <= c.begins < ends for c in self.spans)
