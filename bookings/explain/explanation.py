"""Why a time is free or not, now or at an earlier instant: the rules, what is in the way, what happened.

Slot search judges (`bookings.rules.slots.Calendar.judge`); no rule is decided here. Reads under the
claims in force, for the people at work, and names customers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from audit.models import AuditLog
from bookings.errors import OnePlaceOnly, ServiceUnavailable
from bookings.explain.asked_time import BadTime
from bookings.explain.candidates import Candidate, Candidates
from bookings.explain.occupants import Wanted, occupants_within, working_spans
from bookings.explain.rule_facts import Fact, exception_text, facts_of, windows_text
from bookings.explain.shortages import ALL_BUT_PLACES, Limits
from bookings.explain.timeline import Event, events_of, occupant_text
from bookings.history.sentences import Sentences
from bookings.load_calendar import calendar_of_days, hours_of, local_day, subjects_of, terms_of
from bookings.operations.choose_slot import WantedStart
from bookings.operations.expire import KEPT
from bookings.rules.hours import Timetable, epoch_minute
from bookings.rules.occupancy import Occupancy
from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, OccupiedSpan, occupied_time
from businesses.models import Availability, Business, Resource, Service, Staff
from rhivo.text.local_time import local_time

SETTINGS = ("business", "service", "staff", "assignment", "availability", "resource", "need")
MOST_SETTINGS = 20


class Refusal(NamedTuple):
    """A reason, by the code that slot search gives it, and the sentence that a customer reads."""

    code: str
    sentence: str


class Obstacle(NamedTuple):
    """What occupies some of the time; `appointment_id` is None for a hold."""

    text: str
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What slot search says at an instant. A customer is told the first refusal; the others apply as well.

    `shortages` say what a full time is short of; `resources` are those that the service could use.
    """

    at: datetime
    refusals: tuple[Refusal, ...]
    shortages: tuple[str, ...]
    remaining: int
    taken: int
    candidates: tuple[Candidate, ...]
    resources: tuple[Candidate, ...]
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
    places: int = 1,
    then: datetime | None = None,
    remark: str = "",
) -> Explanation:
    """Explain a start of a service for one person or anyone, now (`at`) and at an earlier instant if one is given.

    `places` are those wanted in a class. Raises BadTime for a `then` that is still to come.
    """
    if then is not None and then > at:
        raise BadTime("That instant is still to come: give one that is over.")
    with timezone.override(business.zone):
        case = _Case(business, service, start.astimezone(UTC), at, staff, places)
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
            alternatives=tuple(case.nearest() if now.refusals else ()),
            events=tuple(events),
            left_out=left_out,
            settings=tuple(_settings_since(business, then)) if then is not None else (),
        )


class _Case:
    """What is asked about, and all that is known of it; the number of queries does not depend on how much that is."""

    def __init__(
        self, business: Business, service: Service, start: datetime, at: datetime, staff: Staff | None, places: int
    ) -> None:
        self.business, self.service, self.start, self.at, self.staff = business, service, start, at, staff
        day = local_day(start, business.zone)
        assigned = list(Staff.objects.filter(business=business, assignments__service=service).order_by("name"))
        self.people = [person for person in assigned if staff is None or person.id == staff.id]
        hours = hours_of(business, self.people)
        self.windows = {whose: Timetable(theirs, business.zone).windows(day) for whose, theirs in hours.items()}
        exceptions = Availability.objects.exceptions().filter(business=business)
        self.exceptions = list(exceptions.filter(first_date__lte=day, last_date__gte=day))
        subjects = subjects_of(business, service)
        self.terms = terms_of(service, has_staff=bool(assigned) or staff is not None, needs=subjects.needs)
        self.limits = Limits.of(
            business, service, start, terms=self.terms, subjects=subjects, hours=hours, places=places
        )
        # Two calendars, since one that is asked for several places does not say how many are left when it refuses.
        days = partial(calendar_of_days, business, service, first=day, last=day, at=at, staff=staff)
        self.single = days()
        self.calendar = days(places=places) if places > 1 else self.single
        known = Resource.objects.filter(business=business).order_by("name").in_bulk()
        self.resources = [resource for resource in known.values() if resource.kind in subjects.needs]
        self.wanted = self._wanted()
        self.occupants = occupants_within(business, self.wanted, known)

    def _wanted(self) -> Wanted:
        begins, ends = map(epoch_minute, occupied_time(self.start, self.terms))
        processing = self.terms.processing_after_minutes, self.terms.processing_minutes
        return Wanted(
            service=self.service,
            # The calendar knows nobody who is switched off: what they do elsewhere does not count.
            people=[person.id for person in self.people if person.is_active],
            resources=[resource.id for resource in self.resources if resource.is_active],
            whole=(begins, ends),
            working=working_spans((begins, ends), epoch_minute(self.start), *processing),
        )

    def judgement(self, at: datetime) -> Judgement:
        calendar, there = self._calendar_at(at, self.calendar), [one for one in self.occupants if one.occupies(at)]
        spans = self._spans(at)
        taken = Occupancy(self.service.id, spans).peak(*self.wanted.whole)
        refusals = tuple(self._refusals(calendar, at))
        codes = {refusal.code for refusal in refusals}
        candidates = Candidates(self.limits, self.wanted, self.start, there, spans)
        return Judgement(
            at=at.astimezone(self.business.zone),
            refusals=refusals,
            shortages=self.limits.sentences(spans, taken, anyone_works=Reason.STAFF_UNAVAILABLE in codes)
            if Reason.FULL in codes
            else (),
            remaining=calendar.judge(self.start, at=at).remaining,
            taken=taken,
            candidates=tuple(self._people(calendar, at, candidates)),
            resources=tuple(candidates.resources(self.resources)),
            obstacles=tuple(Obstacle(occupant_text(one), one.source.id if one.entries else None) for one in there),
        )

    def facts(self, now: Judgement, earlier: Judgement | None) -> list[Fact]:
        """Return what is set. Against the start is what refused it at the earlier instant, if one is asked about."""
        judged = earlier or now
        return facts_of(
            self.business,
            self.service,
            self.start,
            terms=self.terms,
            windows=self.windows[None] or (),
            exceptions=[row for row in self.exceptions if row.staff_id is None],
            taken=({"then": earlier.taken} if earlier else {}) | {"now": now.taken},
            wanted=self.limits.places,
            against={refusal.code for refusal in judged.refusals},
        )

    def nearest(self) -> list[datetime]:
        """Return the free starts nearest to this one."""
        return WantedStart(
            business=self.business,
            service=self.service,
            start=self.start,
            at=self.at,
            staff=self.staff,
            places=self.limits.places,
        ).nearest()

    def events(self, earlier: Judgement | None) -> tuple[list[Event], int]:
        """Return what happened, with the question about an earlier instant in its place, and how much is left out."""
        events, left_out = events_of(self.occupants, self.business, at=self.at, places=self._places_at)
        if earlier is not None:
            text = f"Asked about: {earlier.code}"
            events.append(Event(earlier.at, text, self._places_at(earlier.at), is_question=True))
        # Sorting is stable: the question comes after what happened at its very instant, which its judgement counts.
        return sorted(events, key=lambda event: event.at), left_out

    def _calendar_at(self, at: datetime, calendar: Calendar) -> Calendar:
        # Now is judged by the busy times, as a hold is; any other instant by what the history and the holds left of it.
        return calendar if at == self.at else calendar.with_spans(self._spans(at))

    def _spans(self, at: datetime) -> list[OccupiedSpan]:
        return [span for one in self.occupants if one.occupies(at) for span in one.spans()]

    def _places_at(self, at: datetime) -> int | None:
        """Return the places free after what happened at an instant, whatever the hours and the notice."""
        slot = self._calendar_at(at, self.single).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
        return slot.remaining if slot.reason in (None, Reason.FULL) else None

    def _refusals(self, calendar: Calendar, at: datetime) -> Iterator[Refusal]:
        if not (self.service.is_active and self.business.is_active):
            yield Refusal(ServiceUnavailable.code, ServiceUnavailable().detail)
        if self.limits.places > 1 and not self.service.is_group:
            yield Refusal(OnePlaceOnly.code, OnePlaceOnly().detail)
        found: list[Reason] = []
        # Slot search gives the first reason alone: it is asked again with those found set aside. Some, such as FULL,
        # cannot be set aside and come back.
        while (reason := calendar.judge(self.start, at=at, overridden=frozenset(found)).reason) and reason not in found:
            found.append(reason)
            yield Refusal(reason.value, reason.text)

    def _people(self, calendar: Calendar, at: datetime, candidates: Candidates) -> Iterator[Candidate]:
        if self.staff is not None and not self.people:
            yield Candidate(self.staff.name, False, f"does not do {self.service.name}")
        for person in self.people:
            slot = calendar.alone(person.id).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
            yield candidates.person(person, slot.reason, self._hours_of(person))

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
