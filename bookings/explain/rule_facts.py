"""What the rules about one start are made of, in words: hours, exceptions, notice, advance, grid, length and buffers.

States what is set and which reason codes it stands behind. Whether a rule is broken is slot search's to say.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookings.load_calendar import terms_of
from bookings.rules.hours import EPOCH, Span
from bookings.rules.reasons import Reason
from bookings.rules.slots import occupied_time
from businesses.models import Availability, Business, Service
from rhivo.text.local_time import local_time
from rhivo.text.plurals import counted

HOURS = frozenset({Reason.CLOSED, Reason.BREAK, Reason.OUTSIDE_HOURS})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is set, and whether it is against the start."""

    name: str
    says: str
    is_against: bool = False


def facts_of(
    business: Business,
    service: Service,
    start: datetime,
    *,
    windows: Iterable[Span],
    exceptions: Iterable[Availability],
    against: Collection[str],
) -> list[Fact]:
    """Return the facts about a start; `windows` and `exceptions` are the business's on its local day."""
    local = start.astimezone(business.zone)
    notice, advance = business.min_notice_minutes, business.max_advance_days
    interval = service.slot_interval_minutes or business.slot_interval_minutes
    until, since = (start - timedelta(minutes=notice), start - timedelta(days=advance))
    special = [Fact("Exception", exception_text(row), bool(HOURS & set(against))) for row in exceptions]
    return [
        Fact("Hours", f"{local:%A}: {windows_text(windows, business)}", bool(HOURS & set(against))),
        *special,
        Fact("Starts", f"every {interval} minutes from each opening", Reason.OFF_GRID in against),
        Fact("Notice", f"{_minutes(notice)}: bookable until {local_time(until)}", _is_late(against)),
        Fact("Advance", f"{counted(advance, 'day')}: bookable from {local_time(since)} on", Reason.TOO_FAR in against),
        Fact("Takes", _length(business, service, start)),
    ]


def windows_text(windows: Iterable[Span], business: Business) -> str:
    """Return windows as wall-clock times, or that there is none."""
    instants = [(EPOCH + timedelta(minutes=opens), EPOCH + timedelta(minutes=closes)) for opens, closes in windows]
    return ", ".join(span_text(opens, closes, business) for opens, closes in instants) or "closed"


def span_text(begins: datetime, ends: datetime, business: Business) -> str:
    """Return a time as wall-clock times of the business."""
    first, last = begins.astimezone(business.zone), ends.astimezone(business.zone)
    closes_at_midnight = (last.hour, last.minute) == (0, 0) and last.date() > first.date()
    return f"{first:%H:%M}–{'24:00' if closes_at_midnight else f'{last:%H:%M}'}"


def exception_text(row: Availability) -> str:
    """Return what is different on certain dates, why, and for whom if not for all."""
    first, last = row.first_date, row.last_date
    assert first is not None
    assert last is not None
    dates = _day(first) if first == last else f"{_day(first)} to {_day(last)}"
    return f"{dates}: {row.span}"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _is_late(against: Collection[str]) -> bool:
    return Reason.PAST in against or Reason.TOO_SOON in against


def _length(business: Business, service: Service, start: datetime) -> str:
    before, after = service.buffer_before_minutes, service.buffer_after_minutes
    said = [f"{before} min before"] * bool(before) + [f"{after} min after"] * bool(after)
    takes = " and ".join([_minutes(service.duration_minutes), *said])
    return f"{takes}: claims {span_text(*occupied_time(start, terms_of(service, has_staff=False)), business)}"


def _minutes(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))
