"""What took a time and freed it again, in order: bookings, changes of time, cancellations and holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookings.explain.past_occupancy import Stay
from bookings.explain.rule_facts import span_text
from bookings.history.sentences import Telling
from bookings.models import ReservationStatus
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


def story_of(
    stays: Sequence[Stay],
    business: Business,
    names: Mapping[UUID, str],
    *,
    at: datetime,
    places: Callable[[datetime], int | None],
) -> tuple[list[Event], int]:
    """Return the latest events up to an instant, the oldest first, and how many there were before them."""
    entries = [entry for stay in stays for entry in (stay.opened, stay.closed) if entry]
    telling = Telling.of(entries, currency=business.currency, locale=business.locale)
    told: dict[object, tuple[datetime, str, UUID | None]] = {}
    for stay in stays:
        told |= dict(_of_hold(stay, business, names) if stay.is_hold else _of_appointment(stay, telling))
    found = sorted((event for event in told.values() if event[0] <= at), key=lambda event: event[0])
    shown = found[-MOST:]
    return [Event(when, text, places(when), whose) for when, text, whose in shown], len(found) - len(shown)


def place_text(places: int | None) -> str:
    """Return how many places there are, in words."""
    if places is None:
        return ""
    return {0: "full", 1: "1 place free"}.get(places, f"{places} places free")


def stay_text(stay: Stay, business: Business, names: Mapping[UUID, str]) -> str:
    """Return what stands in a time: whose, what, with whom, and of a hold until when."""
    person = names.get(stay.staff_id, "someone who is gone") if stay.staff_id else ""
    what = f"{stay.service_name}{f' with {person}' if person else ''}, {span_text(stay.begins, stay.ends, business)}"
    if not stay.is_hold:
        return f"{stay.reference}, {stay.customer}: {what}"
    assert stay.until is not None
    return f"A hold until {stay.until.astimezone(business.zone):%H:%M:%S}: {what}"


def _of_appointment(stay: Stay, telling: Telling) -> Iterator[tuple[object, tuple[datetime, str, UUID | None]]]:
    """Yield by entry, so that a rescheduling within the time appears once."""
    assert stay.opened is not None
    yield stay.opened.pk, (stay.since, telling.sentence(stay.opened), stay.source_id)
    if stay.closed is not None:
        yield stay.closed.pk, (stay.closed.at, telling.sentence(stay.closed), stay.source_id)


def _of_hold(
    stay: Stay, business: Business, names: Mapping[UUID, str]
) -> Iterator[tuple[object, tuple[datetime, str, UUID | None]]]:
    """Yield its beginning, and its end unless an appointment took it over, which tells of itself."""
    person = f" with {names.get(stay.staff_id, 'someone who is gone')}" if stay.staff_id else ""
    span = span_text(stay.starts_at, stay.ends_at, business)
    yield (stay.source_id, "made"), (stay.since, f"A visitor held {stay.service_name}{person}, {span}", None)
    if stay.status == ReservationStatus.COMMITTED or stay.until is None:
        return
    ended = "was released" if stay.status == ReservationStatus.RELEASED else "ran out"
    yield (stay.source_id, "ended"), (stay.until, f"The hold of {stay.service_name}{person}, {span}, {ended}", None)
