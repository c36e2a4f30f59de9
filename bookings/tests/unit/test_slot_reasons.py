"""The reasons of refused starts: their order, overriding them, and `judge` beside `days`."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, DateException, Hours, local_instant
from bookings.tests.calendars import (
    ANNA,
    BOB,
    DAY,
    HOURS_REASONS,
    LOS_ANGELES,
    MINUTE,
    MONDAY,
    NOON_MONTH_BEFORE,
    SYDNEY,
    TUESDAY,
    booking,
    calendar,
    clock_change,
    closed,
    elsewhere,
    person,
    reason,
    special,
    terms,
    wall,
    weekly,
    works,
)

# Reasons


def test_reasons_come_in_order_as_each_is_overridden() -> None:
    """A start with everything against it names the next reason when the one before is overridden."""
    service = terms(staff=True)
    away = person(ANNA, Hours((), (closed(MONDAY),)))
    start = wall(MONDAY, "09:10")
    shop = calendar(
        works("09:00-12:00", exceptions=(closed(TUESDAY),)),
        service,
        notice=60,
        people=[away],
        spans=[booking(start, service, by=ANNA)],
    )
    at, overridden, seen = start + MINUTE, frozenset[Reason](), []
    while (slot := shop.judge(start, at=at, overridden=overridden)).reason not in overridden:
        assert slot.reason
        seen.append(slot.reason)
        overridden |= {slot.reason}
    assert seen == ["OFF_GRID", "PAST", "TOO_SOON", "STAFF_UNAVAILABLE", "FULL"]


@pytest.mark.parametrize("clock", ["07:00", "13:00", "17:40"])
def test_hours_come_before_the_past(clock: str) -> None:
    shop = calendar(works("09:00-12:00", "14:00-18:00"))
    late = wall(TUESDAY, "12:00")
    expected = Reason.BREAK if clock == "13:00" else Reason.OUTSIDE_HOURS
    assert shop.judge(wall(MONDAY, clock), at=late).reason is expected


def test_too_far_comes_before_staff() -> None:
    shop = calendar(works("09:00-12:00"), terms(staff=True), advance=1)
    assert reason(shop, "09:00") is Reason.TOO_FAR


def test_nobody_working_comes_before_full() -> None:
    service = terms(staff=True)
    spans = [booking(wall(MONDAY, "09:00"), service)]
    assert reason(calendar(works("09:00-12:00"), service, spans=spans), "09:00") is (Reason.STAFF_UNAVAILABLE)


def test_overridden_hours_override_the_window_grid_and_staff_hours_need_their_own() -> None:
    shop = calendar(works("09:00-12:00"), terms(staff=True), people=[person(ANNA)])
    for clock in ("20:05", "09:05"):
        start = wall(MONDAY, clock)
        hours = shop.judge(start, at=NOON_MONTH_BEFORE, overridden=HOURS_REASONS)
        assert hours.reason is (Reason.STAFF_UNAVAILABLE if clock == "20:05" else None)
        both = HOURS_REASONS | {Reason.STAFF_UNAVAILABLE}
        assert shop.judge(start, at=NOON_MONTH_BEFORE, overridden=both).staff == (ANNA,)


def test_nothing_overrides_capacity_a_busy_person_or_the_lack_of_one() -> None:
    everything = frozenset(Reason)
    service, start = terms(), wall(MONDAY, "09:00")
    full = calendar(works("09:00-12:00"), service, spans=[booking(start, service)])
    busy = calendar(
        works("09:00-12:00"),
        terms(staff=True, capacity=9),
        people=[person(ANNA)],
        spans=[elsewhere(start, ANNA)],
    )
    nobody = calendar(works("09:00-12:00"), terms(staff=True))
    reasons = [s.judge(start, at=start, overridden=everything).reason for s in (full, busy, nobody)]
    assert reasons == [Reason.FULL, Reason.FULL, Reason.STAFF_UNAVAILABLE]


def test_an_overridden_start_late_on_a_day_still_sees_what_is_taken_after_midnight() -> None:
    service = terms(staff=True, duration=120, capacity=5)
    spans = [elsewhere(wall(TUESDAY, "01:00"), ANNA)]
    shop = calendar(works("09:00-12:00"), service, people=[person(ANNA)], spans=spans)
    overridden = HOURS_REASONS | {Reason.STAFF_UNAVAILABLE}
    late = shop.judge(wall(MONDAY, "23:30"), at=NOON_MONTH_BEFORE, overridden=overridden)
    touching = shop.judge(wall(MONDAY, "23:00"), at=NOON_MONTH_BEFORE, overridden=overridden)
    assert (late.reason, touching.reason) == (Reason.FULL, None)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime.min.replace(tzinfo=UTC), Reason.PAST),
        (datetime.max.replace(tzinfo=UTC), Reason.TOO_FAR),
    ],
)
def test_the_ends_of_the_calendar_are_refused(start: datetime, expected: Reason) -> None:
    shop = calendar(works("09:00-12:00"), zone=SYDNEY)
    for zone in (UTC, SYDNEY, LOS_ANGELES):
        slot = shop.judge(start.replace(tzinfo=zone), at=NOON_MONTH_BEFORE)
        assert (slot.reason, slot.remaining) == (expected, 0)
    assert shop.days(start.date(), start.date(), at=NOON_MONTH_BEFORE) == [(start.date(), [])]


# Search


def test_nearest_gives_free_starts_by_distance_then_time_without_the_start_itself() -> None:
    service = terms(duration=30)
    spans = [booking(wall(MONDAY, "10:00"), service)]
    shop = calendar(works("09:00-12:00"), service, spans=spans)
    clocks = ["09:30", "10:30", "09:00", "11:00"]
    start, busy = wall(MONDAY, "11:00"), wall(MONDAY, "10:00")
    found = shop.nearest(busy, at=NOON_MONTH_BEFORE, first=MONDAY, last=TUESDAY, count=4)
    assert found == [wall(MONDAY, clock) for clock in clocks]
    free = shop.nearest(start, at=NOON_MONTH_BEFORE, first=MONDAY, last=TUESDAY)
    assert free == [wall(MONDAY, clock) for clock in ("10:30", "11:30", "09:30")]


def test_nearest_looks_across_days_and_may_find_nothing() -> None:
    shop = calendar(works("09:00-10:00"))
    start = wall(MONDAY, "09:00")
    found = shop.nearest(start, at=NOON_MONTH_BEFORE, first=MONDAY, last=TUESDAY)
    assert found == [wall(TUESDAY, "09:00")]
    assert shop.nearest(start, at=NOON_MONTH_BEFORE, first=MONDAY, last=MONDAY) == []


def test_a_range_that_ends_before_it_begins_is_empty() -> None:
    assert calendar(works("09:00-10:00")).days(TUESDAY, MONDAY, at=NOON_MONTH_BEFORE) == []


ZONES = (
    "Europe/Rome",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Africa/Cairo",
)


def fortnight(zone: ZoneInfo, *, forward: bool) -> tuple[date, date]:
    middle = MONDAY if zone.key == "Asia/Tokyo" else clock_change(zone, forward=forward)
    return middle - 7 * DAY, middle + 6 * DAY


def busy_salon(zone: ZoneInfo, first: date) -> Calendar:
    """Build a salon in which every reason comes up in a fortnight."""
    service = terms(duration=45, before=5, after=10, capacity=2, staff=True)
    days = [first + n * DAY for n in range(14)]
    starts_taken = [wall(d, c, zone) for d in days for c in ("00:30", "02:00", "15:10")]
    exceptions = (
        closed(first + 2 * DAY),
        special(first + 7 * DAY, "00:00-02:30"),
        special(first + 7 * DAY, "02:45-24:00"),
        DateException(first + 9 * DAY, first + 10 * DAY, 1200, 1440),
    )
    return calendar(
        Hours(weekly("00:00-03:30", "14:00-18:00", weekdays=[0, 1, 3, 4, 5, 6]), exceptions),
        service,
        zone=zone,
        interval=25,
        notice=600,
        advance=8,
        people=[
            person(ANNA, works("01:00-16:00", exceptions=(closed(first + 5 * DAY),))),
            person(BOB, Hours((), (special(first + 7 * DAY, "01:30-17:00"),))),
        ],
        spans=[
            span for start in starts_taken for span in (booking(start, service, by=ANNA), elsewhere(start, BOB, 20))
        ],
    )


@pytest.mark.parametrize("forward", [True, False], ids=["spring", "autumn"])
@pytest.mark.parametrize("name", ZONES)
def test_judge_agrees_with_the_list_at_every_five_minutes_of_a_fortnight(
    name: str,
    forward: bool,
) -> None:
    zone = ZoneInfo(name)
    first, last = fortnight(zone, forward=forward)
    salon = busy_salon(zone, first)
    at = wall(first + 3 * DAY, "15:20", zone) + timedelta(seconds=20)
    found = salon.days(first, last, at=at, include_unavailable=True)
    offered = salon.days(first, last, at=at)
    listed_slots = {slot.start: slot for _, day_slots in found for slot in day_slots}

    start, end = local_instant(first, 0, zone), local_instant(last, 1440, zone)
    unlisted = {Reason.OFF_GRID, *HOURS_REASONS}
    while start < end:
        slot = salon.judge(start, at=at)
        if start in listed_slots:
            assert slot == listed_slots.pop(start)
        else:
            assert slot.reason in unlisted
        start += timedelta(minutes=5)
    assert not listed_slots
    assert offered == [(day, [s for s in day_slots if not s.reason]) for day, day_slots in found]


@pytest.mark.parametrize("forward", [True, False], ids=["spring", "autumn"])
@pytest.mark.parametrize("name", ZONES)
def test_a_range_lists_every_date_and_every_instant_once_and_in_order(
    name: str,
    forward: bool,
) -> None:
    zone = ZoneInfo(name)
    first, last = fortnight(zone, forward=forward)
    at = wall(first + 3 * DAY, "15:20", zone)
    found = busy_salon(zone, first).days(first, last, at=at, include_unavailable=True)
    instants = [slot.start for _, day_slots in found for slot in day_slots]
    assert [day for day, _ in found] == [first + n * DAY for n in range(14)]
    assert instants == sorted(set(instants))
    assert {slot.reason for _, day_slots in found for slot in day_slots} >= {
        None,
        *(set(Reason) - {Reason.OFF_GRID}),
    }
    for day, day_slots in found:
        assert {slot.start.astimezone(zone).date() for slot in day_slots} == {day}


@pytest.mark.parametrize("opens", ["00:00", "00:30"])
@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("America/St_Johns", date(2006, 10, 28)),  # 00:01 went back to 23:01
        ("America/Toronto", date(1919, 3, 30)),  # 23:30 went forward to 00:30
        ("Pacific/Apia", date(2011, 12, 29)),  # the 30th was skipped
    ],
)
def test_judge_agrees_with_the_list_where_clocks_once_moved_across_midnight(name: str, day: date, opens: str) -> None:
    zone = ZoneInfo(name)
    hours = works(f"{opens}-02:00", "03:00-24:00")
    shop = calendar(hours, terms(duration=5), zone=zone, interval=5)
    at = local_instant(day - DAY, 0, zone)
    found = shop.days(day, day + 2 * DAY, at=at, include_unavailable=True)
    listed_slots = [slot for _, day_slots in found for slot in day_slots]

    begins, ends = local_instant(day, 0, zone), local_instant(day + 2 * DAY, 1440, zone)
    instants = [begins + n * MINUTE for n in range(0, (ends - begins) // MINUTE, 5)]
    assert [shop.judge(start, at=at) for start in instants] == listed_slots
