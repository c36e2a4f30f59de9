"""The slot rules against a slot oracle, on random businesses around clock changes."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.rules.reasons import Reason
from bookings.rules.slots import (
    Calendar,
    DateException,
    Hours,
    OccupiedSpan,
    Person,
    Resource,
    Rules,
    ServiceTerms,
    WeeklyWindow,
    class_key_of,
)
from bookings.tests.calendars import ANNA, BOB, CARLA, OTHER_SERVICE, SERVICE, clock_change
from rhivo.testing.oracles.slot_oracle import EPOCH, SlotOracle

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Rome",
        "America/New_York",
        "America/Los_Angeles",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Africa/Cairo",
    )
]
ROOMS = [
    Resource(UUID(int=0xE1), "Room 2", "room"),
    Resource(UUID(int=0xE2), "Room 1", "room"),
    Resource(UUID(int=0xE3), "Tub", "tub"),
]
CLOCK_CHANGES = [(zone, clock_change(zone, forward=forward)) for zone in ZONES for forward in (True, False)]


def fives(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low // 5, high // 5).map(lambda n: n * 5)


@dataclass(frozen=True)
class Case:
    middle: date
    rules: Rules
    hours: Hours
    service: ServiceTerms
    people: list[Person]
    spans: list[OccupiedSpan]
    resources: list[Resource]
    places: int
    at: datetime

    @property
    def first(self) -> date:
        return self.middle - timedelta(days=1)

    @property
    def last(self) -> date:
        return self.middle + timedelta(days=1)


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int]:
    """Draw a window, often one that meets the hours at which clocks change."""
    opens = draw(fives(0, 240) | fives(0, 1380) | fives(1260, 1435))
    length = draw(fives(30, 600))
    return opens, min(opens + length, 1440)


@st.composite
def some_hours(draw: st.DrawFn, middle: date, *, may_follow: bool) -> Hours:
    if may_follow and draw(st.booleans()):
        windows: tuple[WeeklyWindow, ...] = ()
    else:
        drawn = draw(st.lists(spans(), min_size=1, max_size=3))
        weekdays = draw(st.sampled_from([range(7), range(7), (middle.weekday(),)]))
        windows = tuple(WeeklyWindow(day, *span) for day in weekdays for span in drawn)
    exceptions = []
    for n, span in draw(st.lists(st.tuples(st.integers(-1, 1), st.none() | spans()), max_size=2)):
        first = middle + timedelta(days=n)
        opens, closes = span or (None, None)
        exceptions.append(DateException(first, first, opens, closes))
    return Hours(windows, tuple(exceptions))


@st.composite
def some_spans(draw: st.DrawFn, empty: SlotOracle, days: list[date]) -> list[OccupiedSpan]:
    begins = empty.bounds(days[0])[0]
    grid = [(m, day) for day in days for m in empty.grid(day)]
    fitting = [m for m, day in grid if empty.reason_of_hours(m, day) is None]
    staff = st.sampled_from([ANNA, BOB, CARLA, None])
    rooms = st.sampled_from([room.id for room in ROOMS])
    spans = []
    for n in range(draw(st.integers(0, 8))):
        start = begins + draw(fives(0, 3 * 1440))
        end = start + draw(fives(5, 180))
        service = draw(st.sampled_from([SERVICE, OTHER_SERVICE]))
        spans.append(OccupiedSpan(service, draw(staff), None, start, end, continues=draw(st.booleans())))
        if draw(st.booleans()):
            spans.append(OccupiedSpan(service, None, None, start, end, draw(rooms), 0))
        if draw(st.booleans()):
            # A class of another service: several bookings, one use of whoever gives it.
            taught = OccupiedSpan(OTHER_SERVICE, draw(staff), UUID(int=n + 1), start, end)
            spans += [taught, taught._replace(ends=end + draw(fives(0, 30)))]
    if empty.service.is_group and fitting:
        for minute in draw(st.lists(st.sampled_from(fitting), max_size=6, unique=True)):
            begun = minute - draw(fives(0, 15))
            end = minute + draw(fives(5, 120))
            class_key = class_key_of(SERVICE, EPOCH + timedelta(minutes=minute))
            span = OccupiedSpan(SERVICE, draw(staff), class_key, begun, end, None, draw(st.integers(1, 2)))
            room = OccupiedSpan(SERVICE, None, class_key, begun, end, draw(rooms), 0)
            spans += [span, *([room] if draw(st.booleans()) else [])] * draw(st.integers(1, 3))
    return draw(st.permutations(spans))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, middle = draw(st.sampled_from(CLOCK_CHANGES))
    days = [middle + timedelta(days=n) for n in (-1, 0, 1)]
    notice = draw(fives(0, 60) | fives(0, 2000))
    rules = Rules(zone, draw(fives(5, 120)), notice, draw(st.integers(1, 3)))
    hours = draw(some_hours(middle, may_follow=False))
    service = ServiceTerms(
        SERVICE,
        duration_minutes=draw(fives(5, 120)),
        buffer_before_minutes=draw(fives(0, 20)),
        buffer_after_minutes=draw(fives(0, 20)),
        capacity=draw(st.integers(1, 4) | st.just(None)),
        is_group=draw(st.booleans()),
        has_staff=draw(st.booleans() | st.just(True)),
        needs=draw(st.sampled_from([(), (), ("room",), ("room", "tub")])),
    )
    duration = service.duration_minutes
    if not service.is_group and duration >= 15 and draw(st.booleans()):
        after = draw(fives(5, duration - 10))
        service = replace(
            service, processing_after_minutes=after, processing_minutes=draw(fives(5, duration - after - 5))
        )
    who = draw(st.lists(st.sampled_from([ANNA, BOB, CARLA]), max_size=3, unique=True))
    names = {ANNA: "Anna", BOB: "Bob", CARLA: "Carla"}
    capacities = st.sampled_from([1, 1, 2])
    people = [Person(p, names[p], draw(some_hours(middle, may_follow=True)), draw(capacities)) for p in who]
    resources = [replace(room, capacity=draw(capacities)) for room in ROOMS if draw(st.booleans() | st.just(True))]
    spans = draw(some_spans(SlotOracle(rules, hours, service, people, []), days))
    at = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) + timedelta(
        minutes=draw(st.integers(-3 * 1440, 1440)), seconds=draw(st.sampled_from([0, 0, 30]))
    )
    places = draw(st.integers(1, 2)) if service.is_group else 1
    return Case(middle, rules, hours, service, people, spans, resources, places, at)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(case=cases(), overridden=st.frozensets(st.sampled_from(list(Reason))))
def test_slots_and_reasons_are_those_of_a_minute_by_minute_search(case: Case, overridden: frozenset[Reason]) -> None:
    oracle = SlotOracle(case.rules, case.hours, case.service, case.people, case.spans, case.resources, case.places)
    calendar = Calendar(case.rules, case.hours, case.service, case.people, case.spans, case.resources, case.places)
    nothing: frozenset[Reason] = frozenset()
    listed = calendar.days(case.first, case.last, at=case.at, include_unavailable=True)

    days = [case.first, case.middle, case.last]
    assert listed == [(day, [oracle.judge(m, day, case.at, nothing) for m in oracle.grid(day)]) for day in days]
    assert calendar.days(case.first, case.last, at=case.at) == [
        (day, [slot for slot in slots if slot.reason is None]) for day, slots in listed
    ]
    for minute in range(*oracle.bounds(case.middle), 5):
        start = EPOCH + timedelta(minutes=minute)
        for skipped in (nothing, overridden):
            expected = oracle.judge(minute, case.middle, case.at, skipped)
            assert calendar.judge(start, at=case.at, overridden=skipped) == expected
