"""Slots rule by rule: limits, capacity, people and group classes."""

from datetime import datetime, timedelta
from uuid import UUID

from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, Hours, Slot, class_key_of, occupied_time
from bookings.tests.calendars import (
    ANNA,
    BOB,
    CARLA,
    DAY,
    MINUTE,
    MONDAY,
    NOON_MONTH_BEFORE,
    ROME,
    TUESDAY,
    booking,
    calendar,
    clock_change,
    closed,
    elsewhere,
    person,
    reason,
    slots,
    special,
    staff_at,
    starts,
    terms,
    wall,
    weekly,
    works,
)

# Limits


def at_limits(at: datetime, *, notice: int = 0, advance: int = 365) -> Reason | None:
    shop = calendar(works("09:00-18:00"), notice=notice, advance=advance)
    return shop.judge(wall(MONDAY, "10:00"), at=at).reason


def test_a_start_is_past_once_its_moment_is_over() -> None:
    start = wall(MONDAY, "10:00")
    assert at_limits(start) is None
    assert at_limits(start + timedelta(microseconds=1)) is Reason.PAST
    assert at_limits(start + timedelta(seconds=1)) is Reason.PAST


def test_notice_is_compared_to_the_minute() -> None:
    start = wall(MONDAY, "10:00")
    assert at_limits(start - 60 * MINUTE, notice=60) is None
    assert at_limits(start - 59 * MINUTE, notice=60) is Reason.TOO_SOON
    assert at_limits(start - 60 * MINUTE + timedelta(seconds=1), notice=60) is Reason.TOO_SOON


def test_advance_is_compared_to_the_minute() -> None:
    start = wall(MONDAY, "10:00")
    assert at_limits(start - 30 * DAY, advance=30) is None
    assert at_limits(start - 30 * DAY - MINUTE, advance=30) is Reason.TOO_FAR
    assert at_limits(start - 30 * DAY - timedelta(seconds=1), advance=30) is Reason.TOO_FAR


def test_advance_is_elapsed_days_also_over_a_clock_change() -> None:
    day = clock_change(ROME, forward=True)
    shop = calendar(works("09:00-18:00"), advance=2)
    found = shop.days(day, day, at=wall(day - 2 * DAY, "12:00"))[0][1]
    assert found[-1].start == wall(day, "13:00")


def test_past_comes_before_too_soon() -> None:
    assert at_limits(wall(MONDAY, "11:00"), notice=600) is Reason.PAST


def test_too_soon_comes_before_too_far() -> None:
    assert at_limits(wall(MONDAY, "10:00") - 2 * DAY, notice=10080, advance=1) is Reason.TOO_SOON


# Capacity


def buffered(*, clock: str, duration: int = 60) -> Slot:
    service = terms(duration=duration, after=15)
    taken = booking(wall(MONDAY, "10:00"), service, duration=75)
    shop = calendar(works("08:00-18:00"), service, interval=5, spans=[taken])
    return shop.judge(wall(MONDAY, clock), at=NOON_MONTH_BEFORE)


def test_a_booking_with_fifteen_minutes_after_it_frees_the_next_quarter() -> None:
    assert buffered(clock="11:10").reason is Reason.FULL
    assert buffered(clock="11:15").reason is None


def test_a_booking_may_end_with_its_buffer_when_the_next_begins() -> None:
    assert buffered(clock="08:45").reason is None
    assert buffered(clock="09:00").reason is Reason.FULL


def test_a_span_is_the_time_with_both_buffers() -> None:
    start = wall(MONDAY, "10:00")
    service = terms(duration=60, before=10, after=15)
    assert occupied_time(start, service) == (start - 10 * MINUTE, start + 75 * MINUTE)


def test_capacity_is_the_peak_and_not_the_number_of_overlaps() -> None:
    service = terms(capacity=2)
    spans = [booking(wall(MONDAY, c), service, duration=30) for c in ("09:00", "09:30")]
    shop = calendar(works("09:00-10:00"), service, spans=spans)
    (only,) = slots(shop, MONDAY)
    assert (only.start, only.remaining) == (wall(MONDAY, "09:00"), 1)


def test_a_full_peak_refuses() -> None:
    service = terms(capacity=2)
    spans = [booking(wall(MONDAY, "09:30"), service, duration=30)] * 2
    shop = calendar(works("09:00-11:00"), service, spans=spans)
    assert reason(shop, "09:00") is Reason.FULL
    assert reason(shop, "10:00") is None


def test_spans_of_another_service_take_no_place() -> None:
    shop = calendar(works("09:00-10:00"), spans=[elsewhere(wall(MONDAY, "09:00"), ANNA)])
    assert starts(shop, MONDAY) == ["09:00"]


def test_more_spans_than_a_lowered_capacity_leave_none_remaining() -> None:
    service = terms(capacity=1)
    spans = [booking(wall(MONDAY, "09:00"), service)] * 3
    slot = calendar(works("09:00-10:00"), service, spans=spans).judge(wall(MONDAY, "09:00"), at=NOON_MONTH_BEFORE)
    assert (slot.reason, slot.remaining, slot.staff) == (Reason.FULL, 0, ())


# Staff


def test_a_person_without_hours_works_the_business_hours() -> None:
    shop = calendar(works("09:00-10:30"), terms(staff=True), people=[person(ANNA)])
    assert starts(shop, MONDAY) == ["09:00", "09:30"]
    assert staff_at(shop, "09:00") == (ANNA,)


def test_own_hours_are_cut_to_the_business_hours() -> None:
    anna = person(ANNA, works("07:00-10:00", "11:30-20:00"))
    shop = calendar(works("09:00-13:00"), terms(staff=True), people=[anna])
    assert starts(shop, MONDAY) == ["09:00", "11:30", "12:00"]
    assert reason(shop, "08:00") is Reason.OUTSIDE_HOURS
    assert reason(shop, "09:30") is Reason.STAFF_UNAVAILABLE


def test_the_grid_is_the_business_grid_and_not_the_persons() -> None:
    anna = person(ANNA, works("09:10-13:00"))
    shop = calendar(works("09:00-11:00"), terms(staff=True), people=[anna])
    assert starts(shop, MONDAY) == ["09:30", "10:00"]


def test_time_off_is_one_persons() -> None:
    away = person(ANNA, Hours((), (closed(MONDAY),)))
    shop = calendar(works("09:00-10:00"), terms(staff=True), people=[away, person(BOB)])
    assert staff_at(shop, "09:00") == (BOB,)
    alone = calendar(works("09:00-10:00"), terms(staff=True), people=[away])
    assert reason(alone, "09:00") is Reason.STAFF_UNAVAILABLE


def test_extra_hours_stay_inside_business_hours() -> None:
    extra = Hours(weekly("09:00-10:00", weekdays=[1]), (special(MONDAY, "11:00-19:00"),))
    shop = calendar(works("09:00-13:00"), terms(staff=True), people=[person(ANNA, extra)])
    assert starts(shop, MONDAY) == ["11:00", "11:30", "12:00"]


def test_a_business_closure_applies_to_a_person_with_extra_hours() -> None:
    extra = person(ANNA, Hours((), (special(MONDAY, "09:00-12:00"),)))
    hours = works("09:00-12:00", exceptions=(closed(MONDAY),))
    shop = calendar(hours, terms(staff=True), people=[extra])
    assert reason(shop, "09:00") is Reason.CLOSED


def test_a_staffed_service_with_nobody_is_unavailable() -> None:
    shop = calendar(works("09:00-10:00"), terms(staff=True))
    assert reason(shop, "09:00") is Reason.STAFF_UNAVAILABLE


def test_a_person_serves_one_booking_at_a_time_across_services() -> None:
    spans = [elsewhere(wall(MONDAY, "09:00"), ANNA)]
    service = terms(staff=True, capacity=5)
    shop = calendar(works("09:00-11:00"), service, people=[person(ANNA)], spans=spans)
    assert reason(shop, "09:30") is Reason.FULL
    assert reason(shop, "10:00") is None


def test_remaining_is_no_more_than_the_free_people() -> None:
    service = terms(staff=True, capacity=5)
    people = [person(ANNA), person(BOB), person(CARLA, works("15:00-16:00"))]
    (only,) = slots(calendar(works("09:00-10:00"), service, people=people), MONDAY)
    assert (only.remaining, only.staff) == (2, (ANNA, BOB))


def test_any_staff_tries_who_has_the_fewest_spans_that_day_then_by_name() -> None:
    spans = [
        elsewhere(wall(MONDAY, "14:00"), ANNA),
        *[elsewhere(wall(TUESDAY, clock), BOB) for clock in ("09:00", "11:00")],
    ]
    people = [person(CARLA), person(ANNA), person(BOB)]
    shop = calendar(works("09:00-10:00"), terms(staff=True), people=people, spans=spans)
    assert staff_at(shop, "09:00") == (BOB, CARLA, ANNA)


def test_a_span_from_midnight_counts_for_the_day_that_begins() -> None:
    spans = [elsewhere(wall(MONDAY, "00:00"), ANNA), elsewhere(wall(TUESDAY, "00:00"), BOB)]
    people = [person(ANNA), person(BOB)]
    shop = calendar(works("09:00-10:00"), terms(staff=True), people=people, spans=spans)
    assert staff_at(shop, "09:00") == (BOB, ANNA)


# Group classes


def group_class(spans: int = 1, *, people: tuple[UUID, ...] = (ANNA, BOB)) -> Calendar:
    service = terms(capacity=3, group=True, staff=True)
    taken = [booking(wall(MONDAY, "09:00"), service, by=BOB)] * spans
    return calendar(works("09:00-12:00"), service, people=[person(p) for p in people], spans=taken)


def test_a_session_equals_what_postgresql_computes() -> None:
    service = UUID("0b6e6f0a-3c1d-4e55-9a39-6f1d2c3b4a5d")
    start = datetime(2031, 5, 6, 9, 30, tzinfo=ROME)
    assert class_key_of(service, start) == UUID("67f99766-8401-ccd0-0aaf-57b2c2aa2cf5")


def test_a_class_without_a_session_takes_any_free_person_and_all_its_participants() -> None:
    (first, *_) = slots(group_class(0), MONDAY)
    assert (first.remaining, first.staff) == (3, (ANNA, BOB))


def test_a_session_is_joined_with_its_own_person_only() -> None:
    (first, *_) = slots(group_class(2), MONDAY)
    assert (first.remaining, first.staff) == (1, (BOB,))


def test_a_session_is_full_at_its_capacity() -> None:
    assert reason(group_class(3), "09:00") is Reason.FULL


def test_another_requested_person_cannot_have_the_session() -> None:
    assert reason(group_class(people=(ANNA,)), "09:00") is Reason.FULL
    assert staff_at(group_class(people=(BOB,)), "09:00") == (BOB,)


def test_a_session_stays_with_a_person_who_is_off_by_now() -> None:
    service = terms(capacity=3, group=True, staff=True)
    taken = [booking(wall(MONDAY, "09:00"), service, by=BOB)]
    off = person(BOB, Hours((), (closed(MONDAY),)))
    shop = calendar(works("09:00-10:00"), service, people=[off, person(ANNA)], spans=taken)
    assert staff_at(shop, "09:00") == (BOB,)


def test_nobody_joins_a_session_whose_person_does_not_do_it_any_more() -> None:
    service = terms(capacity=3, group=True, staff=True)
    taken = [booking(wall(MONDAY, "09:00"), service, by=BOB)]
    for people in ([person(ANNA), person(CARLA)], [person(ANNA)], []):
        shop = calendar(works("09:00-10:00"), service, people=people, spans=taken)
        assert shop.judge(wall(MONDAY, "09:00"), at=NOON_MONTH_BEFORE).reason is Reason.FULL


def test_a_session_is_full_when_its_person_is_taken_elsewhere() -> None:
    service = terms(capacity=3, group=True, staff=True)
    start = wall(MONDAY, "09:00")
    spans = [booking(start, service, by=BOB), elsewhere(start + 30 * MINUTE, BOB)]
    people = [person(ANNA), person(BOB)]
    shop = calendar(works("09:00-10:00"), service, people=people, spans=spans)
    assert reason(shop, "09:00") is Reason.FULL


def test_a_new_session_cannot_have_a_person_who_is_in_another() -> None:
    assert staff_at(group_class(), "09:30") == (ANNA,)
    assert staff_at(group_class(), "10:00") == (ANNA, BOB)


def test_a_class_without_staff_counts_participants_only() -> None:
    service = terms(capacity=200, group=True)
    spans = [booking(wall(MONDAY, "09:00"), service)] * 150
    (only,) = slots(calendar(works("09:00-10:00"), service, spans=spans), MONDAY)
    assert (only.remaining, only.staff) == (50, ())
