"""Why a time is free or not, now or at an earlier instant: the rules, what is in the way, what happened.

Slot search judges (`bookings.rules.slots.Calendar.judge`); no rule is decided here. Reads under the
claims in force, for the people at work, and names customers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from audit.models import AuditLog
from bookings.errors import ServiceUnavailable
from bookings.explain.asked_time import BadTime
from bookings.explain.occupants import Occupant, occupants_within
from bookings.explain.rule_facts import Fact, exception_text, facts_of, windows_text
from bookings.explain.timeline import Event, events_of, occupant_text
from bookings.history.sentences import Sentences
from bookings.load_calendar import calendar_of_days, hours_of, local_day, terms_of
from bookings.operations.choose_slot import WantedStart
from bookings.operations.expire import KEPT
from bookings.rules.hours import Timetable, epoch_minute
from bookings.rules.occupancy import Occupancy
from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, OccupiedSpan, occupied_time
from businesses.models import Availability, Business, Service, Staff
from rhivo.text.local_time import local_time

ALL_BUT_PLACES = frozenset(Reason) - {Reason.STAFF_UNAVAILABLE, Reason.FULL}
SETTINGS = ("business", "service", "staff", "assignment", "availability")
MOST_SETTINGS = 20


class Refusal(NamedTuple):
    """A reason, by the code that slot search gives it, and the sentence that a customer reads."""

    code: str
    sentence: str


class Candidate(NamedTuple):
    """Someone who does the service, and why they can take it or not."""

    name: str
    is_free: bool
    why: str


class Obstacle(NamedTuple):
    """What occupies some of the time; `appointment_id` is None for a hold."""

    text: str
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What slot search says at an instant. A customer is told the first refusal; the others apply as well."""

    at: datetime
    refusals: tuple[Refusal, ...]
    remaining: int
    taken: int
    candidates: tuple[Candidate, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def code(self) -> str:
        return self.refusals[0].code if self.refusals else "FREE"


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say of one start; instants are in the business's zone.

    If an earlier instant was asked about, `then` is the judgement at it and `settings` are the later changes of what is
    set, as far as the reader may see them. `left_out` counts the events before those in `events`.
    """

    business: Business
    service: Service
    staff: Staff | None
    start: datetime
    end: datetime
    remarks: tuple[str, ...]
    facts: tuple[Fact, ...]
    now: Judgement
    then: Judgement | None
    alternatives: tuple[datetime, ...]
    events: tuple[Event, ...]
    left_out: int
    settings: tuple[str, ...]


def explain(
    business: Business,
    service: Service,
    start: datetime,
    *,
    at: datetime,
    staff: Staff | None = None,
    then: datetime | None = None,
    remark: str = "",
) -> Explanation:
    """Explain a start of a service for one person or anyone, now (`at`) and at an earlier instant if one is given.

    Raises BadTime for a `then` that is still to come.
    """
    if then is not None and then > at:
        raise BadTime("That instant is still to come: give one that is over.")
    with timezone.override(business.zone):
        case = _Case(business, service, start.astimezone(UTC), at, staff)
        now, earlier = case.judgement(at), case.judgement(then) if then is not None else None
        events, left_out = case.events(earlier)
        return Explanation(
            business=business,
            service=service,
            staff=staff,
            start=start.astimezone(business.zone),
            end=(case.start + timedelta(minutes=service.duration_minutes)).astimezone(business.zone),
            remarks=(*filter(None, [remark]), *_remarks_on(then, at)),
            facts=tuple(case.facts(now, earlier)),
            now=now,
            then=earlier,
            alternatives=tuple(
                WantedStart(business=business, service=service, start=start, at=at, staff=staff).nearest()
                if now.refusals
                else ()
            ),
            events=tuple(events),
            left_out=left_out,
            settings=tuple(_settings_since(business, then)) if then is not None else (),
        )


class _Case:
    """What is asked about, and all that is known of it; the number of queries does not depend on how much that is."""

    def __init__(
        self, business: Business, service: Service, start: datetime, at: datetime, staff: Staff | None
    ) -> None:
        self.business, self.service, self.start, self.at, self.staff = business, service, start, at, staff
        day = local_day(start, business.zone)
        assigned = Staff.objects.filter(business=business, assignments__service=service).order_by("name")
        self.people = [person for person in assigned if staff is None or person.id == staff.id]
        hours = hours_of(business, self.people)
        self.windows = {whose: Timetable(theirs, business.zone).windows(day) for whose, theirs in hours.items()}
        exceptions = Availability.objects.exceptions().filter(business=business)
        self.exceptions = list(exceptions.filter(first_date__lte=day, last_date__gte=day))
        self.calendar = calendar_of_days(business, service, first=day, last=day, at=at, staff=staff)
        self.occupied = occupied_time(start, terms_of(service, has_staff=bool(self.people)))
        # The calendar knows nobody who is switched off: what they do elsewhere does not count.
        active = [person.id for person in self.people if person.is_active]
        self.occupants = occupants_within(business, service, active, *self.occupied)

    def judgement(self, at: datetime) -> Judgement:
        calendar, there = self._calendar_at(at), [one for one in self.occupants if one.occupies(at)]
        taken = Occupancy(self.service.id, self._spans(at)).peak(*map(epoch_minute, self.occupied))
        return Judgement(
            at=at.astimezone(self.business.zone),
            refusals=tuple(self._refusals(calendar, at)),
            remaining=calendar.judge(self.start, at=at).remaining,
            taken=taken,
            candidates=tuple(self._candidates(calendar, at, there)),
            obstacles=tuple(Obstacle(occupant_text(one), one.source.id if one.entries else None) for one in there),
        )

    def facts(self, now: Judgement, earlier: Judgement | None) -> list[Fact]:
        """Return what is set. Against the start is what refused it at the earlier instant, if one is asked about."""
        return facts_of(
            self.business,
            self.service,
            self.start,
            windows=self.windows[None] or (),
            exceptions=[row for row in self.exceptions if row.staff_id is None],
            taken=({"then": earlier.taken} if earlier else {}) | {"now": now.taken},
            against={refusal.code for refusal in (earlier or now).refusals},
        )

    def events(self, earlier: Judgement | None) -> tuple[list[Event], int]:
        """Return what happened, with the question about an earlier instant in its place, and how much is left out."""
        events, left_out = events_of(self.occupants, self.business, at=self.at, places=self._places_at)
        if earlier is not None:
            text = f"Asked about: {earlier.code}"
            events.append(Event(earlier.at, text, self._places_at(earlier.at), is_question=True))
        # Sorting is stable: the question comes after what happened at its very instant, which its judgement counts.
        return sorted(events, key=lambda event: event.at), left_out

    def _calendar_at(self, at: datetime) -> Calendar:
        # Now is judged by the busy times, as a hold is; any other instant by what the history and the holds left of it.
        return self.calendar if at == self.at else self.calendar.with_spans(self._spans(at))

    def _spans(self, at: datetime) -> list[OccupiedSpan]:
        return [one.span(self.service) for one in self.occupants if one.occupies(at)]

    def _places_at(self, at: datetime) -> int | None:
        """Return the places free after what happened at an instant, whatever the hours and the notice."""
        slot = self._calendar_at(at).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
        return slot.remaining if slot.reason in (None, Reason.FULL) else None

    def _refusals(self, calendar: Calendar, at: datetime) -> Iterator[Refusal]:
        if not (self.service.is_active and self.business.is_active):
            yield Refusal(ServiceUnavailable.code, ServiceUnavailable().detail)
        found: list[Reason] = []
        # Slot search gives the first reason alone: it is asked again with those found set aside. Some, such as FULL,
        # cannot be set aside and come back.
        while (reason := calendar.judge(self.start, at=at, overridden=frozenset(found)).reason) and reason not in found:
            found.append(reason)
            yield Refusal(reason.value, reason.text)

    def _candidates(self, calendar: Calendar, at: datetime, there: Sequence[Occupant]) -> Iterator[Candidate]:
        if self.staff is not None and not self.people:
            yield Candidate(self.staff.name, False, f"does not do {self.service.name}")
        for person in self.people:
            slot = calendar.alone(person.id).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
            busy = [occupant_text(one) for one in there if one.source.staff_id == person.id]
            yield Candidate(person.name, slot.reason is None, self._why(person, slot.reason, "; ".join(busy)))

    def _why(self, person: Staff, reason: Reason | None, busy: str) -> str:
        match reason:
            case None:
                return "is free"
            case _ if not person.is_active:
                return "is switched off"
            case Reason.STAFF_UNAVAILABLE:
                return f"does not work then ({self._hours_of(person)})"
            case Reason.FULL:
                return f"is busy: {busy}" if busy else "is free, but the service has no place left"
        return "cannot be asked for such a start"

    def _hours_of(self, person: Staff) -> str:
        own = self.windows[person.id]
        # A person without hours of their own works the business's.
        windows = self.windows[None] if own is None else own
        exceptions = [exception_text(row) for row in self.exceptions if row.staff_id == person.id]
        return "; ".join([windows_text(windows or ()), *exceptions])


def _remarks_on(then: datetime | None, at: datetime) -> Iterator[str]:
    if then is not None:
        yield "Of that instant bookings and holds are known; hours and other rules are taken as they are set today."
    if then is not None and then < at - KEPT:
        yield f"Holds that came to nothing are kept {KEPT.days} days: there may have been others."


def _settings_since(business: Business, then: datetime) -> list[str]:
    entries = AuditLog.objects.filter(business_id=business.id, entity__in=SETTINGS, at__gt=then).order_by("-id")
    latest = list(entries[:MOST_SETTINGS])[::-1]
    sentences = Sentences.of(latest, currency=business.currency, locale=business.locale)
    return [f"{local_time(entry.at)}: {sentences.sentence(entry)}" for entry in latest]
