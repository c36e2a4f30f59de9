"""What took a time and freed it again, in order, as dated sentences. Instants are shown in the zone in force."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from bookings.explain.occupants import Occupant
from bookings.explain.rule_facts import span_text
from bookings.history.sentences import Sentences
from bookings.models import Appointment, Reservation, ReservationStatus
from businesses.models import Business

MOST = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, and how many places were free after it; None where that cannot be said."""

    at: datetime
    text: str
    places: int | None
    appointment_id: UUID | None = None
    is_question: bool = False


def events_of(
    occupants: Sequence[Occupant], business: Business, *, at: datetime, places: Callable[[datetime], int | None]
) -> tuple[list[Event], int]:
    """Return the latest events up to an instant, the oldest first, and how many earlier ones are left out."""
    # By key: rescheduled within the time, a booking frees it and takes it by one entry.
    entries = list({entry.pk: entry for one in occupants for entry in one.entries}.values())
    sentences = Sentences.of(entries, currency=business.currency, locale=business.locale)
    found: list[tuple[datetime, str, UUID | None]] = [
        *((when, text, None) for one in occupants for when, text in _events_of_hold(one)),
        *((entry.at, sentences.sentence(entry), entry.entity_id) for entry in entries),
    ]
    found = sorted((event for event in found if event[0] <= at), key=lambda event: event[0])
    # Places are counted anew after each event, so only for those that are shown.
    events = [Event(when, text, places(when), whose) for when, text, whose in found[-MOST:]]
    return events, len(found) - len(events)


def _events_of_hold(one: Occupant) -> Iterator[tuple[datetime, str]]:
    hold = one.source
    if not isinstance(hold, Reservation):
        return
    what = _what(one, hold.starts_at, hold.ends_at)
    yield one.since, f"A visitor held {what}"
    # A hold that was committed ends in an appointment, whose entry says so.
    if one.until is not None and hold.status != ReservationStatus.COMMITTED:
        ended = "was released" if hold.status == ReservationStatus.RELEASED else "ran out"
        yield one.until, f"The hold of {what}, {ended}"


def occupant_text(one: Occupant) -> str:
    """Return what occupies a time: whose, what, with whom, where, and of a hold until when."""
    what = _what(one, one.begins, one.ends)
    if isinstance(one.source, Appointment):
        return f"{one.source.reference}, {one.source.customer_name}: {what}"
    return f"A hold until {timezone.localtime(one.until):%H:%M:%S}: {what}"


def _what(one: Occupant, begins: datetime, ends: datetime) -> str:
    source = one.source
    places = f" ({source.places} places)" if source.places > 1 else ""
    person = f" with {source.staff.name or 'someone who is gone'}" if source.staff else ""
    rooms = f" in {' and '.join(one.rooms)}" if one.rooms else ""
    return f"{source.service_name}{places}{person}{rooms}, {span_text(begins, ends)}"


def place_text(places: int | None) -> str:
    """Return how many places are free, in words; '' where that cannot be said."""
    if places is None:
        return ""
    return {0: "full", 1: "1 place free"}.get(places, f"{places} places free")
