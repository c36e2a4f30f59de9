"""Opening hours: local wall-clock windows and dated exceptions, resolved to instants.

On the day the clocks change a wall-clock time may be missing or come twice: this is the one place that settles which
instant is meant. Services, bookings and the present are left to others.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_A_DAY = 1440

# Half-open, in whole minutes since the epoch. A search compares thousands of instants: datetimes would take most of
# its time.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """Open on one weekday (0 = Monday); minutes since local midnight, `closes` up to 1440."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class DateException:
    """From `first` to `last` inclusive: closed when `opens` is None, else a special window."""

    first: date
    last: date
    opens: int | None
    closes: int | None


@dataclass(frozen=True, slots=True)
class Hours:
    """A business's hours, or a person's; a person without `weekly` works the business's."""

    weekly: tuple[WeeklyWindow, ...]
    exceptions: tuple[DateException, ...]


def local_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time; minute 1440 is the next day's 00:00.

    A time that the clocks skip is put forward by the gap, and one that comes twice means the first.
    """
    return EPOCH + timedelta(minutes=local_minute(day, minute, zone))


@lru_cache(maxsize=8192)  # the same openings are resolved for every person and every request
def local_minute(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return the same as `local_instant`, in minutes since the epoch."""
    # A datetime has no hour 24.
    if minute == MINUTES_A_DAY:
        day, minute = day + timedelta(days=1), 0
    hour, minute = divmod(minute, 60)
    # With fold=0, the default, PEP 495 means the first of two times, and puts a missing one forward by the gap.
    return epoch_minute(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def epoch_minute(instant: datetime) -> int:
    """Return the whole minutes since the epoch, rounded down."""
    since = instant - EPOCH
    return since.days * MINUTES_A_DAY + since.seconds // 60


def day_bounds(day: date, zone: ZoneInfo) -> Span:
    """Return the instants between which a local date lasts; empty for a date its zone skipped."""
    # Pacific/Apia went from 29 to 31 December 2011: the 30th begins and ends at one instant.
    return local_minute(day, 0, zone), local_minute(day, MINUTES_A_DAY, zone)


class Timetable:
    """Hours in one zone, ready to be asked about any date."""

    def __init__(self, hours: Hours, zone: ZoneInfo) -> None:
        self._zone = zone
        self._has_weekly = bool(hours.weekly)
        self._weekly: dict[int, list[Span]] = {}
        for window in hours.weekly:
            self._weekly.setdefault(window.weekday, []).append((window.opens, window.closes))
        # By last date, so that years of past exceptions cost one bisection.
        self._exceptions = sorted(hours.exceptions, key=lambda exception: exception.last)
        self._lasts = [exception.last for exception in self._exceptions]

    def windows(self, day: date) -> tuple[Span, ...] | None:
        """Return the date's windows as instants, in order; None when these hours say nothing of it.

        A closed exception closes the date; otherwise all its special windows replace the weekly ones. Windows may
        overlap. None leaves its date.
        """
        covering = self._covering(day) if self._exceptions else []
        if covering:
            return self._resolved(day, _special(covering))
        if not self._has_weekly:
            return None
        return self._resolved(day, self._weekly.get(day.weekday(), ()))

    def _covering(self, day: date) -> list[DateException]:
        unfinished = self._exceptions[bisect_left(self._lasts, day) :]
        return [exception for exception in unfinished if exception.first <= day]

    def _resolved(self, day: date, windows: Iterable[Span]) -> tuple[Span, ...]:
        begins, ends = day_bounds(day, self._zone)
        spans = set()
        for opens, closes in windows:
            # Where the clocks skip midnight, a window's end is put forward into the next date: cut it off.
            first = max(begins, local_minute(day, opens, self._zone))
            last = min(ends, local_minute(day, closes, self._zone))
            # A window within a skipped hour is left empty, one across a change may be left reversed.
            if first < last:
                spans.add((first, last))
        return tuple(sorted(spans))


def _special(exceptions: list[DateException]) -> list[Span]:
    """Return the special windows in wall-clock minutes, none when any of the exceptions closes."""
    windows: list[Span] = []
    for exception in exceptions:
        # A holiday stays closed, also when a longer exception around it sets special hours.
        if exception.opens is None or exception.closes is None:
            return []
        windows.append((exception.opens, exception.closes))
    return windows
