"""The rules that one start is judged by, in words, each with whether it stands against the start.

Says what is set. Whether a rule is broken is decided by slot search. Instants are shown in the zone in force.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from bookings.rules.hours import EPOCH, Span
from bookings.rules.reasons import Reason
from bookings.rules.slots import ServiceTerms, occupied_time
from bookings.templatetags.wording import duration
from businesses.models import Availability, Business, Service
from rhivo.text.local_time import local_time
from rhivo.text.plurals import counted

UNBOUNDED = "as many as the people and rooms"
HOURS = frozenset({Reason.CLOSED, Reason.BREAK, Reason.OUTSIDE_HOURS})


class Fact(NamedTuple):
    """One thing that is set, and whether it is against the start."""

    name: str
    says: str
    is_against: bool = False


def facts_of(
    business: Business,
    service: Service,
    start: datetime,
    *,
    terms: ServiceTerms,
    windows: Iterable[Span],
    exceptions: Iterable[Availability],
    taken: Mapping[str, int],
    wanted: int,
    against: Collection[str],
) -> list[Fact]:
    """Return the facts about a start; `windows` and `exceptions` are the business's on its local day.

    `against` holds the codes of the reasons that refuse it, `taken` the places by the instant they are counted at, of
    which `wanted` more are asked for.
    """
    notice, advance = business.min_notice_minutes, business.max_advance_days
    bookable_until, bookable_from = start - timedelta(minutes=notice), start - timedelta(days=advance)
    interval = service.slot_interval_minutes or business.slot_interval_minutes
    places, counts = terms.capacity, ", ".join(f"{when} {count}" for when, count in taken.items())
    kind = "in a class" if service.is_group else "at a time"
    is_closed, is_late = HOURS & set(against), {Reason.PAST, Reason.TOO_SOON} & set(against)
    # FULL with places left is a matter of people or resources, each of which has a line of its own.
    is_full = Reason.FULL in against and places is not None and next(iter(taken.values())) + wanted > places
    return [
        Fact("Hours", f"{timezone.localtime(start):%A}: {windows_text(windows)}", bool(is_closed)),
        *(Fact("Exception", exception_text(row), bool(is_closed)) for row in exceptions),
        Fact("Starts", f"every {interval} minutes from each opening", Reason.OFF_GRID in against),
        Fact("Notice", f"{duration(notice) or '0 min'}: bookable until {local_time(bookable_until)}", bool(is_late)),
        Fact(
            "Advance",
            f"{counted(advance, 'day')}: bookable from {local_time(bookable_from)}",
            Reason.TOO_FAR in against,
        ),
        Fact("Takes", _length(terms, start)),
        *([Fact("Needs", " and ".join(f"one {kind}" for kind in terms.needs))] if terms.needs else []),
        Fact("Places", f"{places or UNBOUNDED} {kind}; at the fullest moment {counts} taken", is_full),
    ]


def windows_text(windows: Iterable[Span]) -> str:
    """Return windows as wall-clock times, or that there is none."""
    instants = ([EPOCH + timedelta(minutes=minute) for minute in window] for window in windows)
    return ", ".join(span_text(opens, closes) for opens, closes in instants) or "closed"


def span_text(begins: datetime, ends: datetime) -> str:
    """Return a time as wall-clock times; one that ends at midnight ends at 24:00."""
    first, last = timezone.localtime(begins), timezone.localtime(ends)
    ends_at_midnight = f"{last:%H:%M}" == "00:00" and last.date() > first.date()
    return f"{first:%H:%M}–{'24:00' if ends_at_midnight else f'{last:%H:%M}'}"


def exception_text(row: Availability) -> str:
    """Return what is different on certain dates, and why."""
    first, last = (f"{day:%-d %b %Y}" for day in (row.first_date, row.last_date))
    return f"{first if first == last else f'{first} to {last}'}: {row.span}"


def _length(terms: ServiceTerms, start: datetime) -> str:
    before, after = terms.buffer_before_minutes, terms.buffer_after_minutes
    buffers = [f"{before} min before"] * bool(before) + [f"{after} min after"] * bool(after)
    occupied = span_text(*occupied_time(start, terms))
    text = f"{' and '.join([duration(terms.duration_minutes), *buffers])}: occupies {occupied}"
    if not terms.processing_minutes:
        return text
    gap = start + timedelta(minutes=terms.processing_after_minutes)
    return f"{text}, the person not {span_text(gap, gap + timedelta(minutes=terms.processing_minutes))}"
