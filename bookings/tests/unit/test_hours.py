"""Hours rule by rule: clocks that change, windows, breaks, closures and the grid."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings.rules.reasons import Reason
from bookings.rules.slots import Hours, local_instant
from bookings.tests.calendars import (
    DAY,
    LOS_ANGELES,
    MINUTE,
    MONDAY,
    NOON_MONTH_BEFORE,
    ROME,
    SYDNEY,
    TUESDAY,
    calendar,
    clock_change,
    closed,
    listed,
    reason,
    slots,
    special,
    starts,
    terms,
    wall,
    weekly,
    works,
)

# Clocks


def test_hours_over_the_spring_gap_in_los_angeles_are_stepped_in_elapsed_time() -> None:
    day = clock_change(LOS_ANGELES, forward=True)
    shop = calendar(works("01:00-05:00"), terms(duration=30), zone=LOS_ANGELES)
    expected = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    assert starts(shop, day, zone=ZoneInfo("UTC")) == expected


def test_opening_at_eight_on_the_autumn_day_in_los_angeles_is_sixteen_utc() -> None:
    day = clock_change(LOS_ANGELES, forward=False)
    shop = calendar(works("08:00-12:00"), zone=LOS_ANGELES)
    assert starts(shop, day, zone=ZoneInfo("UTC"))[0] == "16:00"


def test_opening_at_nine_on_the_spring_day_in_sydney_is_the_utc_day_before() -> None:
    day = clock_change(SYDNEY, forward=True)
    before = day - DAY
    expected = datetime(before.year, before.month, before.day, 22, tzinfo=UTC)
    assert slots(calendar(works("09:00-12:00"), zone=SYDNEY), day)[0].start == expected


def test_hours_over_the_autumn_hour_last_an_hour_longer() -> None:
    day = clock_change(ROME, forward=False)
    shop = calendar(works("01:00-04:00"))
    expected = ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    assert starts(shop, day) == expected


def test_a_missing_wall_clock_time_moves_forward_by_the_gap() -> None:
    day = clock_change(ROME, forward=True)
    assert local_instant(day, 150, ROME) == local_instant(day, 210, ROME)


def test_a_doubled_wall_clock_time_means_the_first() -> None:
    day = clock_change(ROME, forward=False)
    assert local_instant(day, 150, ROME) == local_instant(day, 0, ROME) + timedelta(minutes=150)
    assert local_instant(day, 180, ROME) == local_instant(day, 0, ROME) + timedelta(minutes=240)


def test_minute_1440_is_the_next_midnight() -> None:
    assert local_instant(MONDAY, 1440, ROME) == local_instant(TUESDAY, 0, ROME)
    assert local_instant(MONDAY, 0, ROME).tzinfo is UTC


def test_a_midnight_that_does_not_exist_opens_when_the_clocks_have_moved() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    day = clock_change(beirut, forward=True)
    shop = calendar(works("00:00-03:00"), zone=beirut)
    assert starts(shop, day, zone=beirut) == ["01:00", "01:30", "02:00"]


def test_a_window_that_the_gap_swallows_vanishes() -> None:
    day = clock_change(ROME, forward=True)
    shop = calendar(works("02:30-03:00", "05:00-07:00"), terms(duration=30))
    assert starts(shop, day) == ["05:00", "05:30", "06:00", "06:30"]


def test_a_day_whose_only_window_is_swallowed_is_closed() -> None:
    day = clock_change(ROME, forward=True)
    assert reason(calendar(works("02:30-03:00")), "12:00", day=day) is Reason.CLOSED


def test_windows_that_the_gap_makes_overlap_give_each_start_once() -> None:
    day = clock_change(ROME, forward=True)
    shop = calendar(works("01:00-02:30", "03:00-05:00"), terms(duration=30))
    expected = ["01:00", "01:30", "03:00", "03:30", "04:00", "04:30"]
    assert starts(shop, day) == expected


def test_a_date_that_its_zone_skipped_is_listed_without_slots() -> None:
    apia, skipped = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    shop = calendar(works("09:00-11:00"), zone=apia)
    at = datetime(2011, 12, 1, tzinfo=UTC)
    found = shop.days(skipped - DAY, skipped + DAY, at=at, include_unavailable=True)
    assert [day for day, _ in found] == [skipped - DAY, skipped, skipped + DAY]
    assert [bool(day_slots) for _, day_slots in found] == [True, False, True]


# Hours


def test_a_slot_fits_inside_one_window() -> None:
    shop = calendar(works("09:00-10:45"))
    assert starts(shop, MONDAY) == ["09:00", "09:30"]
    assert listed(shop)["10:00"] is Reason.OUTSIDE_HOURS


def test_touching_special_windows_are_not_one() -> None:
    shop = calendar(Hours((), (special(MONDAY, "09:00-10:00"), special(MONDAY, "10:00-11:00"))))
    assert starts(shop, MONDAY) == ["09:00", "10:00"]
    assert reason(shop, "09:30") is Reason.BREAK


def test_buffers_may_stick_out_of_the_hours() -> None:
    shop = calendar(works("09:00-11:00"), terms(before=30, after=30))
    assert starts(shop, MONDAY) == ["09:00", "09:30", "10:00"]


def test_a_close_at_midnight_is_part_of_the_day() -> None:
    assert starts(calendar(works("22:30-24:00")), MONDAY) == ["22:30", "23:00"]


def test_a_break_is_between_windows_and_where_a_slot_runs_into_it() -> None:
    shop = calendar(works("09:00-13:00", "14:00-18:00"))
    assert reason(shop, "12:00") is None
    assert reason(shop, "12:30") is Reason.BREAK
    assert reason(shop, "13:00") is Reason.BREAK
    assert reason(shop, "14:00") is None


def test_outside_hours_is_before_the_first_after_the_last_and_not_fitting() -> None:
    shop = calendar(works("09:00-13:00", "14:00-18:00"))
    clocks = ["08:55", "17:30", "18:00", "23:55", "00:00"]
    assert {reason(shop, clock) for clock in clocks} == {Reason.OUTSIDE_HOURS}


def test_a_weekday_without_windows_is_closed() -> None:
    shop = calendar(Hours(weekly("09:00-12:00", weekdays=[0]), ()))
    assert starts(shop, MONDAY) == ["09:00", "09:30", "10:00", "10:30", "11:00"]
    assert reason(shop, "09:00", day=TUESDAY) is Reason.CLOSED


def test_a_closure_closes_every_date_of_its_range() -> None:
    shop = calendar(works("09:00-12:00", exceptions=(closed(MONDAY, TUESDAY),)))
    days = [MONDAY - DAY, MONDAY, TUESDAY, TUESDAY + DAY]
    assert [bool(starts(shop, day)) for day in days] == [True, False, False, True]


def test_special_windows_replace_the_weekly_ones() -> None:
    shop = calendar(works("09:00-12:00", exceptions=(special(MONDAY, "15:00-16:30"),)))
    assert starts(shop, MONDAY) == ["15:00", "15:30"]


def test_special_windows_open_a_closed_weekday() -> None:
    hours = Hours(weekly("09:00-12:00", weekdays=[0]), (special(TUESDAY, "10:00-11:00"),))
    assert starts(calendar(hours), TUESDAY) == ["10:00"]


def test_several_special_windows_of_a_date_apply_together() -> None:
    exceptions = (special(MONDAY, "15:00-16:00"), special(MONDAY, "10:00-11:00"))
    assert starts(calendar(works("09:00-12:00", exceptions=exceptions)), MONDAY) == [
        "10:00",
        "15:00",
    ]


def test_a_closure_wins_over_special_windows() -> None:
    exceptions = (special(MONDAY, "10:00-11:00"), closed(MONDAY))
    assert reason(calendar(works("09:00-12:00", exceptions=exceptions)), "10:00") is Reason.CLOSED


def test_past_exceptions_change_nothing() -> None:
    past = tuple(closed(MONDAY - DAY * n) for n in range(1, 300))
    shop = calendar(works("09:00-10:00", exceptions=(*past, closed(TUESDAY))))
    assert starts(shop, MONDAY) == ["09:00"]


def test_a_long_closure_that_began_before_others_still_closes() -> None:
    exceptions = (closed(MONDAY - DAY * 40, MONDAY + DAY * 40), closed(MONDAY - DAY))
    assert reason(calendar(works("09:00-12:00", exceptions=exceptions)), "09:00") is Reason.CLOSED


# Grid


def test_each_window_starts_its_own_grid() -> None:
    shop = calendar(works("09:00-11:00", "13:15-15:15"), interval=45)
    assert starts(shop, MONDAY) == ["09:00", "09:45", "13:15", "14:00"]


def test_the_listed_grid_carries_on_around_the_windows() -> None:
    shop = calendar(works("09:00-11:00", "13:15-15:15"), interval=90)
    assert listed(shop) == {
        "00:00": Reason.OUTSIDE_HOURS,
        "01:30": Reason.OUTSIDE_HOURS,
        "03:00": Reason.OUTSIDE_HOURS,
        "04:30": Reason.OUTSIDE_HOURS,
        "06:00": Reason.OUTSIDE_HOURS,
        "07:30": Reason.OUTSIDE_HOURS,
        "09:00": None,
        "10:30": Reason.BREAK,
        "12:00": Reason.BREAK,
        "13:15": None,
        "14:45": Reason.OUTSIDE_HOURS,
        "16:15": Reason.OUTSIDE_HOURS,
        "17:45": Reason.OUTSIDE_HOURS,
        "19:15": Reason.OUTSIDE_HOURS,
        "20:45": Reason.OUTSIDE_HOURS,
        "22:15": Reason.OUTSIDE_HOURS,
        "23:45": Reason.OUTSIDE_HOURS,
    }


def test_a_closed_day_is_listed_from_local_midnight() -> None:
    shop = calendar(Hours((), ()), interval=480)
    assert listed(shop) == dict.fromkeys(["00:00", "08:00", "16:00"], Reason.CLOSED)


def test_a_start_between_grid_times_is_off_grid() -> None:
    shop = calendar(works("09:00-12:00"))
    assert reason(shop, "09:05") is Reason.OFF_GRID
    assert reason(shop, "08:35") is Reason.OUTSIDE_HOURS


@pytest.mark.parametrize("offset", [timedelta(microseconds=1), timedelta(seconds=1), MINUTE])
def test_a_start_off_the_grain_is_off_grid_before_anything_else(offset: timedelta) -> None:
    shut = calendar(Hours((), ()))
    start = wall(MONDAY, "09:00") + offset
    everything = frozenset(Reason)
    for overridden in (frozenset[Reason](), everything):
        slot = shut.judge(start, at=NOON_MONTH_BEFORE, overridden=overridden)
        assert (slot.reason, slot.start) == (Reason.OFF_GRID, start)
