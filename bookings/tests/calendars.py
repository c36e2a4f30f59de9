"""Builders for slot tests: a salon whose rules are all arguments, and the clock changes ahead."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.rules.hours import epoch_minute
from bookings.rules.reasons import Reason
from bookings.rules.slots import (
    Calendar,
    DateException,
    Hours,
    OccupiedSpan,
    Person,
    Rules,
    ServiceTerms,
    Slot,
    WeeklyWindow,
    class_key_of,
    occupied_time,
)

ROME = ZoneInfo("Europe/Rome")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
SYDNEY = ZoneInfo("Australia/Sydney")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SERVICE = UUID(int=0x5E)
OTHER_SERVICE = UUID(int=0x07)
ANNA, BOB, CARLA = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
BUSINESS_HOURS = Hours((), ())
TODAY = datetime.now(UTC).date()
MONDAY = next(d for n in range(7) if (d := TODAY + timedelta(days=n)).weekday() == 0)
TUESDAY = MONDAY + DAY
HOURS_REASONS = frozenset({Reason.CLOSED, Reason.BREAK, Reason.OUTSIDE_HOURS})
NOON_MONTH_BEFORE = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 12, tzinfo=UTC) - timedelta(30)


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def window(text: str) -> tuple[int, int]:
    opens, closes = text.split("-")
    return minutes(opens), minutes(closes)


def weekly(*windows: str, weekdays: Iterable[int] = range(7)) -> tuple[WeeklyWindow, ...]:
    return tuple(WeeklyWindow(day, *window(text)) for day in weekdays for text in windows)


def closed(first: date, last: date | None = None) -> DateException:
    return DateException(first, last or first, None, None)


def special(day: date, text: str) -> DateException:
    return DateException(day, day, *window(text))


def works(*windows: str, exceptions: tuple[DateException, ...] = ()) -> Hours:
    return Hours(weekly(*windows), exceptions)


def person(id_: UUID, hours: Hours = BUSINESS_HOURS) -> Person:
    return Person(id_, {ANNA: "Anna", BOB: "Bob", CARLA: "Carla"}[id_], hours)


def terms(
    *,
    duration: int = 60,
    before: int = 0,
    after: int = 0,
    capacity: int = 1,
    group: bool = False,
    staff: bool = False,
) -> ServiceTerms:
    return ServiceTerms(SERVICE, duration, before, after, capacity, group, staff)


def calendar(
    hours: Hours,
    service: ServiceTerms | None = None,
    *,
    zone: ZoneInfo = ROME,
    interval: int = 30,
    notice: int = 0,
    advance: int = 365,
    people: Sequence[Person] = (),
    spans: Iterable[OccupiedSpan] = (),
) -> Calendar:
    rules = Rules(zone, interval, notice, advance)
    return Calendar(rules, hours, service or terms(), people, spans)


def wall(day: date, clock: str, zone: ZoneInfo = ROME) -> datetime:
    hour, minute = divmod(minutes(clock), 60)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


def booking(
    start: datetime,
    service: ServiceTerms,
    *,
    by: UUID | None = None,
    id_: int = 1,
    duration: int | None = None,
) -> OccupiedSpan:
    """Return what the service occupies at this start, or a plain time of another duration."""
    begins, ends = occupied_time(start, service)
    if duration is not None:
        begins, ends = start, start + timedelta(minutes=duration)
    class_key = class_key_of(SERVICE, start) if service.is_group else UUID(int=id_)
    return OccupiedSpan(service.id, by, class_key, epoch_minute(begins), epoch_minute(ends))


def elsewhere(start: datetime, by: UUID, duration: int = 60) -> OccupiedSpan:
    """Occupy a person's time for another service."""
    end = start + timedelta(minutes=duration)
    return OccupiedSpan(OTHER_SERVICE, by, UUID(int=99), epoch_minute(start), epoch_minute(end))


def slots(of: Calendar, day: date, *, at: datetime = NOON_MONTH_BEFORE) -> list[Slot]:
    return of.days(day, day, at=at)[0][1]


def starts(of: Calendar, day: date, *, zone: ZoneInfo = ROME) -> list[str]:
    """List the offered starts of a date as they read in a zone, as of a month before."""
    at = wall(day, "12:00") - timedelta(days=30)
    return [f"{slot.start.astimezone(zone):%H:%M}" for slot in slots(of, day, at=at)]


def reason(of: Calendar, clock: str, *, day: date = MONDAY) -> Reason | None:
    return of.judge(wall(day, clock), at=NOON_MONTH_BEFORE).reason


def listed(of: Calendar, *, day: date = MONDAY) -> dict[str, Reason | None]:
    ((_, found),) = of.days(day, day, at=NOON_MONTH_BEFORE, include_unavailable=True)
    return {f"{slot.start.astimezone(ROME):%H:%M}": slot.reason for slot in found}


def staff_at(of: Calendar, clock: str) -> tuple[UUID, ...]:
    return of.judge(wall(MONDAY, clock), at=NOON_MONTH_BEFORE).staff


def clock_change(zone: ZoneInfo, *, forward: bool) -> date:
    """Find the next date on which the zone's clocks go forward or back."""
    for n in range(1, 800):
        day = TODAY + timedelta(days=n)
        before, after = (_offset(d, zone) for d in (day, day + timedelta(days=1)))
        if before != after and (before < after) == forward:
            return day
    message = f"{zone} keeps its clocks"
    raise LookupError(message)


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    offset = datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()
    assert offset is not None
    return offset
