"""The starts of visits against a search through all combinations, minute by minute."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, Hours, OccupiedSpan, Person, Resource, Rules, ServiceTerms, WeeklyWindow
from bookings.rules.visits import Part, VisitCalendar
from bookings.tests.calendars import ANNA, BOB, SERVICE, clock_change
from rhivo.testing.oracles.slot_oracle import EPOCH, SlotOracle

ROME, LOS_ANGELES = ZoneInfo("Europe/Rome"), ZoneInfo("America/Los_Angeles")
DAYS = [(zone, clock_change(zone, forward=forward)) for zone in (ROME, LOS_ANGELES) for forward in (True, False)]
SERVICES = [SERVICE, UUID(int=0xF1), UUID(int=0xF2)]
ROOMS = [Resource(UUID(int=0xE1), "Room 2", "room"), Resource(UUID(int=0xE2), "Room 1", "room")]


def fives(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low // 5, high // 5).map(lambda n: n * 5)


@dataclass(frozen=True)
class Case:
    day: date
    rules: Rules
    hours: Hours
    parts: list[tuple[ServiceTerms, list[Person]]]
    spans: list[OccupiedSpan]
    rooms: list[Resource]
    max_wait: int
    same_staff: bool


@st.composite
def some_part(draw: st.DrawFn, id_: UUID, people: list[Person]) -> tuple[ServiceTerms, list[Person]]:
    duration = draw(fives(5, 40))
    has_staff = draw(st.booleans() | st.just(True))
    service = ServiceTerms(
        id_,
        duration_minutes=duration,
        buffer_before_minutes=draw(fives(0, 15)),
        buffer_after_minutes=draw(fives(0, 15)),
        capacity=draw(st.integers(1, 2) | st.just(None)) if has_staff else draw(st.integers(1, 2)),
        is_group=False,
        has_staff=has_staff,
        needs=draw(st.sampled_from([(), ("room",)])),
    )
    if duration >= 15 and draw(st.booleans()):
        after = draw(fives(5, duration - 10))
        service = replace(
            service, processing_after_minutes=after, processing_minutes=draw(fives(5, duration - after - 5))
        )
    mine = [person for person in people if draw(st.booleans() | st.just(True))]
    return service, mine if has_staff else []


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, day = draw(st.sampled_from(DAYS))
    opens = draw(fives(0, 180))
    hours = Hours(tuple(WeeklyWindow(weekday, opens, opens + 120) for weekday in range(7)), ())
    own = Hours(tuple(WeeklyWindow(weekday, opens, opens + draw(fives(30, 120))) for weekday in range(7)), ())
    capacities = st.sampled_from([1, 1, 2])
    people = [Person(ANNA, "Anna", Hours((), ()), draw(capacities)), Person(BOB, "Bob", own, draw(capacities))]
    ids = draw(st.lists(st.sampled_from(SERVICES), min_size=2, max_size=3))
    known = {id_: draw(some_part(id_, people)) for id_ in set(ids)}
    begins = int((datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH).total_seconds()) // 60
    spans = []
    for _ in range(draw(st.integers(0, 6))):
        start = begins + opens + draw(fives(-30, 150))
        end = start + draw(fives(5, 30))
        spans.append(
            OccupiedSpan(draw(st.sampled_from(SERVICES)), draw(st.sampled_from([ANNA, BOB, None])), None, start, end)
        )
        if draw(st.booleans()):
            room = draw(st.sampled_from(ROOMS)).id
            spans.append(OccupiedSpan(draw(st.sampled_from(SERVICES)), None, None, start, end, room, 0))
    rooms = [replace(room, capacity=draw(capacities)) for room in ROOMS if draw(st.booleans() | st.just(True))]
    rules = Rules(zone, draw(st.sampled_from([5, 10, 15])), 0, 700)
    parts = [known[id_] for id_ in ids]
    return Case(day, rules, hours, parts, spans, rooms, draw(fives(0, 20)), draw(st.booleans()))


class Choice(NamedTuple):
    start: int
    staff_id: UUID | None


class VisitOracle:
    """Tries every combination of starts and people, in the order in which they are to be preferred."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.searches = [
            SlotOracle(case.rules, case.hours, service, people, case.spans, case.rooms)
            for service, people in case.parts
        ]

    def judge(self, minute: int) -> tuple[Part, ...] | None:
        for choices in self.combinations(0, minute, minute):
            if self.is_one_persons(choices) and (parts := self.carried_out(choices)) is not None:
                return parts
        return None

    def combinations(self, number: int, earliest: int, latest: int) -> Iterator[tuple[Choice, ...]]:
        if number == len(self.searches):
            yield ()
            return
        search = self.searches[number]
        for start in range(earliest, latest + 1, 5):
            end = start + search.service.duration_minutes
            for staff_id in self.people(search, start):
                for rest in self.combinations(number + 1, end, end + self.case.max_wait):
                    yield (Choice(start, staff_id), *rest)

    def people(self, search: SlotOracle, start: int) -> list[UUID | None]:
        day = (EPOCH + timedelta(minutes=start)).astimezone(self.case.rules.zone).date()
        if search.reason_of_hours(start, day) is not None:
            return []
        if not search.service.has_staff:
            return [None]
        working = [person for person in search.people if search.works(person, start, day)]
        return [p.id for p in sorted(working, key=lambda p: (search.bookings_that_day(p.id, day), p.name))]

    def is_one_persons(self, choices: tuple[Choice, ...]) -> bool:
        return not self.case.same_staff or len({choice.staff_id for choice in choices} - {None}) <= 1

    def carried_out(self, choices: tuple[Choice, ...]) -> tuple[Part, ...] | None:
        """Take all that the parts need, one after the other; None if something is missing."""
        staff = [choice.staff_id for choice in choices]
        joins = [False, *(a is not None and a == b for a, b in pairwise(staff)), False]
        taken: list[tuple[UUID, int]] = []
        parts = []
        for number, (choice, search) in enumerate(zip(choices, self.searches, strict=True)):
            service, end = search.service, choice.start + search.service.duration_minutes
            begins = choice.start - (0 if joins[number] else service.buffer_before_minutes)
            ends = end + (0 if joins[number + 1] else service.buffer_after_minutes)
            whole = range(begins, ends)
            gap = choice.start + service.processing_after_minutes
            working = [minute for minute in whole if not gap <= minute < gap + service.processing_minutes]
            capacity = 1000 if service.capacity is None else service.capacity
            if any(search.level[m] + taken.count((service.id, m)) >= capacity for m in whole):
                return None
            uses = [(service.id, m) for m in whole]
            if choice.staff_id is not None:
                person = next(person for person in search.people if person.id == choice.staff_id)
                if not self.has_room(search, person.id, person.capacity, working, taken):
                    return None
                uses += [(person.id, m) for m in working]
            rooms = []
            for kind in service.needs:
                candidates = [room for room in search.resources if room.kind == kind]
                free = [room.id for room in candidates if self.has_room(search, room.id, room.capacity, whole, taken)]
                if not free:
                    return None
                rooms.append(free[0])
                uses += [(free[0], m) for m in whole]
            taken += uses
            start_at, end_at = (EPOCH + timedelta(minutes=m) for m in (choice.start, end))
            parts.append(Part(start_at, end_at, choice.staff_id, tuple(rooms), joins[number], joins[number + 1]))
        return tuple(parts)

    def has_room(
        self,
        search: SlotOracle,
        subject: UUID,
        capacity: int,
        minutes: range | list[int],
        taken: list[tuple[UUID, int]],
    ) -> bool:
        return all(search.spare(subject, capacity, [m], None) > taken.count((subject, m)) for m in minutes)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(case=cases())
def test_visits_are_those_of_a_search_through_all_combinations(case: Case) -> None:
    calendars = [
        Calendar(case.rules, case.hours, service, people, case.spans, case.rooms) for service, people in case.parts
    ]
    visits = VisitCalendar(calendars, max_wait=case.max_wait, same_staff=case.same_staff)
    oracle = VisitOracle(case)
    at = datetime(case.day.year, case.day.month, case.day.day, tzinfo=UTC) - timedelta(days=2)
    first, last = oracle.searches[0].bounds(case.day)
    found = []
    for minute in range(first, last, 5):
        start = EPOCH + timedelta(minutes=minute)
        expected: tuple[Part, ...] | Reason | None = oracle.searches[0].reason_of_hours(minute, case.day)
        if expected is None and minute not in oracle.searches[0].grid(case.day):
            expected = Reason.OFF_GRID
        expected = expected or oracle.judge(minute) or Reason.FULL
        assert visits.judge(start, at=at) == expected, start
        if not isinstance(expected, Reason):
            found.append(expected)
    assert list(visits.starts(case.day, at=at)) == found
