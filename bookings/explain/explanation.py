"""Why a time is free or not, now or at an instant of the past: the rules, who is in the way, what happened.

Every verdict is slot search's own (`availability.Calendar.judge`); nothing here decides by a rule. Reads under the
claims in force, for the people at work: it names customers. Of the past the claims on time are known; the rules are
today's.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from audit.models import AuditLog
from bookings.errors import ServiceUnavailable
from bookings.explain.past_occupancy import KEPT_HOLDS, Stay, stays_within
from bookings.explain.rule_facts import Fact, exception_text, facts_of, windows_text
from bookings.explain.timeline import Event, stay_text, story_of
from bookings.history.sentences import Telling
from bookings.load_calendar import calendar_of_days, hours_of, local_day, terms_of
from bookings.operations.choose_slot import WantedStart
from bookings.rules.hours import Span, Timetable, epoch_minute, local_instant
from bookings.rules.occupancy import Occupancy
from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, OccupiedSpan, occupied_time
from businesses.models import Availability, Business, Service, Staff
from rhivo.errors import Invalid
from rhivo.web.local_time import local_time

ALL_BUT_PLACES = frozenset(Reason) - {Reason.STAFF_UNAVAILABLE, Reason.FULL}
SETTINGS = ("business", "service", "staff", "assignment", "availability")
MOST_SETTINGS = 20


class BadTime(Invalid):
    """Write a time as 2026-12-01 10:00, or with its offset as 2026-12-01T10:00+01:00."""

    code = "BAD_TIME"


class Asked(NamedTuple):
    """An instant, and what is to be said of the wall-clock time that it was given as, if anything."""

    instant: datetime
    remark: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason, by the code that slot search gives it, and the sentence that a customer reads."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who does the service, and why they can take it or not."""

    name: str
    is_free: bool
    why: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A span that stands in the time; `appointment_id` None for a hold."""

    text: str
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What slot search says at an instant. The first refusal is what a customer is told; the others apply as well."""

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
    """All there is to say of one start; instants in the business's zone.

    If an instant of the past was asked for, `past` is the verdict then, and `settings` tells what was set since, as far
    as the reader may see that. `untold` counts the events before those of the story.
    """

    business: Business
    service: Service
    staff: Staff | None
    start: datetime
    end: datetime
    remarks: tuple[str, ...]
    facts: tuple[Fact, ...]
    now: Verdict
    past: Verdict | None
    alternatives: tuple[datetime, ...]
    story: tuple[Event, ...]
    untold: int
    settings: tuple[str, ...]


def read_time(text: str, zone: ZoneInfo) -> Asked:
    """Return the instant of a time with its offset, or of one as a zone's clocks show it, by the rules of the clocks.

    Raises BadTime.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadTime() from error
    if ":" not in text or not MINYEAR + 1 < given.year < MAXYEAR - 1:
        raise BadTime()
    if given.tzinfo is not None:
        return Asked(given.astimezone(UTC), "")
    rest = timedelta(seconds=given.second, microseconds=given.microsecond)
    instant = local_instant(given.date(), given.hour * 60 + given.minute, zone) + rest
    return Asked(instant, _remark(given, instant.astimezone(zone)))


def _remark(given: datetime, meant: datetime) -> str:
    """Say what the clocks do at a time that they skip or show twice."""
    if meant.replace(tzinfo=None, fold=0) != given:
        return f"The clocks skip {given:%H:%M} on {given:%-d %b %Y}: it means {meant:%H:%M}."
    second = meant.replace(fold=1)
    if second.utcoffset() == meant.utcoffset():
        return ""
    return (
        f"The clocks show {given:%H:%M} twice on {given:%-d %b %Y}: this is the first, in {meant.tzname()}."
        f" The second is {second.isoformat(timespec='minutes')}."
    )


def explain(
    business: Business,
    service: Service,
    start: datetime,
    *,
    at: datetime,
    staff: Staff | None = None,
    past: datetime | None = None,
    remark: str = "",
) -> Explanation:
    """Explain a start of a service for one person or anyone, as of now (`at`) and of an instant before if one is given.

    Raises BadTime for a `past` that is still to come.
    """
    if past is not None and past > at:
        raise BadTime("That instant is still to come: only the past and the present are known.")
    zone, start = business.zone, start.astimezone(UTC)
    with timezone.override(zone):
        case = _case(business, service, start, at, staff)
        now = case.verdict(case.calendar, at)
        then = case.verdict(case.calendar_at(past), past) if past is not None else None
        story, untold = story_of(case.stays, business, case.names, at=at, places=case.places_at)
        if then is not None:
            _put_question(story, then, case.places_at(then.at))
        nearest = (
            []
            if now.code == "FREE"
            else WantedStart(business=business, service=service, start=start, at=at, staff=staff).nearest()
        )
        return Explanation(
            business=business,
            service=service,
            staff=staff,
            start=start.astimezone(zone),
            end=(start + timedelta(minutes=service.duration_minutes)).astimezone(zone),
            remarks=tuple(filter(None, [remark, *_remarks_on_past(past, at)])),
            facts=tuple(case.facts(now, then)),
            now=now,
            past=then,
            alternatives=tuple(nearest),
            story=tuple(story),
            untold=untold,
            settings=tuple(_settings_since(business, past)) if past is not None else (),
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """What is asked about and all that was found of it; verdicts differ by calendar and instant."""

    business: Business
    service: Service
    staff: Staff | None
    start: datetime
    calendar: Calendar
    people: Sequence[Staff]
    windows: dict[UUID | None, tuple[Span, ...] | None]
    exceptions: Sequence[Availability]
    stays: Sequence[Stay]
    names: dict[UUID, str]

    def calendar_at(self, at: datetime) -> Calendar:
        return self.calendar.with_spans(self._spans(at))

    def places_at(self, at: datetime) -> int | None:
        """Return the places free after what happened at an instant, whatever the hours and the notice."""
        slot = self.calendar_at(at).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
        return slot.remaining if slot.reason in (None, Reason.FULL) else None

    def verdict(self, calendar: Calendar, at: datetime) -> Verdict:
        standing = [stay for stay in self.stays if stay.stands(at)]
        begins, ends = occupied_time(self.start, terms_of(self.service, has_staff=bool(self.people)))
        peak = Occupancy(self.service.id, self._spans(at)).peak(epoch_minute(begins), epoch_minute(ends))
        return Verdict(
            at=at.astimezone(self.business.zone),
            refusals=tuple(self._refusals(calendar, at)),
            remaining=calendar.judge(self.start, at=at).remaining,
            taken=peak,
            candidates=tuple(self._candidates(calendar, at, standing)),
            obstacles=tuple(self._obstacle(stay) for stay in standing),
        )

    def facts(self, now: Verdict, then: Verdict | None) -> list[Fact]:
        """Return what is set; against the start is what was against it then, if it is asked how it was then."""
        service, verdict = self.service, then or now
        against = {refusal.code for refusal in verdict.refusals}
        whole = [row for row in self.exceptions if row.staff_id is None]
        places = service.max_simultaneous_bookings
        taken = f"at the fullest moment {f'then {then.taken}, ' if then else ''}now {now.taken} taken"
        return [
            *facts_of(
                self.business,
                service,
                self.start,
                windows=self.windows[None] or (),
                exceptions=whole,
                against=against,
            ),
            Fact(
                "Places",
                f"{places} {'in a class' if service.is_group else 'at a time'}; {taken}",
                Reason.FULL in against and verdict.taken >= places,
            ),
        ]

    def _spans(self, at: datetime) -> list[OccupiedSpan]:
        return [stay.span(self.service) for stay in self.stays if stay.stands(at)]

    def _refusals(self, calendar: Calendar, at: datetime) -> list[Refusal]:
        """Return every reason that applies: each is asked for with those before it overridden."""
        found: list[Reason] = []
        while (reason := calendar.judge(self.start, at=at, overridden=frozenset(found)).reason) and reason not in found:
            found.append(reason)
        refusals = [Refusal(reason.value, reason.text) for reason in found]
        is_offered = self.service.is_active and self.business.is_active
        return refusals if is_offered else [Refusal(ServiceUnavailable.code, ServiceUnavailable().detail), *refusals]

    def _candidates(self, calendar: Calendar, at: datetime, standing: Sequence[Stay]) -> list[Candidate]:
        if self.staff is not None and not self.people:
            return [Candidate(self.staff.name, False, f"does not do {self.service.name}")]
        return [self._candidate(person, calendar, at, standing) for person in self.people]

    def _candidate(self, person: Staff, calendar: Calendar, at: datetime, standing: Sequence[Stay]) -> Candidate:
        slot = calendar.alone(person.id).judge(self.start, at=at, overridden=ALL_BUT_PLACES)
        busy = [stay for stay in standing if stay.staff_id == person.id]
        match slot.reason:
            case None:
                why = "is free"
            case _ if not person.is_active:
                why = "is switched off"
            case Reason.STAFF_UNAVAILABLE:
                why = f"does not work then ({self._hours_of(person)})"
            case Reason.FULL if busy:
                why = "is busy: " + "; ".join(stay_text(stay, self.business, self.names) for stay in busy)
            case Reason.FULL:
                why = "is free, but the service has no place left"
            case _:
                why = "cannot be asked for such a start"
        return Candidate(person.name, slot.reason is None, why)

    def _hours_of(self, person: Staff) -> str:
        own = self.windows[person.id]
        said = [exception_text(row) for row in self.exceptions if row.staff_id == person.id]
        return "; ".join([windows_text((self.windows[None] if own is None else own) or (), self.business), *said])

    def _obstacle(self, stay: Stay) -> Obstacle:
        text = stay_text(stay, self.business, self.names)
        return Obstacle(text, None if stay.is_hold else stay.source_id)


def _put_question(story: list[Event], then: Verdict, places: int | None) -> None:
    """Mark the instant that was asked about among what happened."""
    question = Event(then.at, f"Asked about: {then.code}", places, is_question=True)
    story.insert(bisect_right([event.at for event in story], then.at), question)


def _case(business: Business, service: Service, start: datetime, at: datetime, staff: Staff | None) -> _Case:
    """Find all that a start has to do with, in a number of queries that does not depend on how much that is."""
    day = local_day(start, business.zone)
    assigned = list(Staff.objects.filter(business=business, assignments__service=service).order_by("name"))
    people = [person for person in assigned if staff is None or person.id == staff.id]
    hours = hours_of(business, people)
    asked = [person.id for person in people if person.is_active]
    begins, ends = occupied_time(start, terms_of(service, has_staff=bool(people)))
    return _Case(
        business=business,
        service=service,
        staff=staff,
        start=start,
        calendar=calendar_of_days(business, service, first=day, last=day, at=at, staff=staff),
        people=people,
        windows={whose: Timetable(theirs, business.zone).windows(day) for whose, theirs in hours.items()},
        exceptions=_exceptions_on(business, people, day),
        stays=stays_within(business, service, asked, begins, ends),
        names=dict(Staff.objects.filter(business=business).values_list("id", "name")),
    )


def _exceptions_on(business: Business, people: Collection[Staff], day: date) -> list[Availability]:
    rows = Availability.objects.exceptions().filter(business=business, first_date__lte=day, last_date__gte=day)
    whose = {None, *(person.id for person in people)}
    return [row for row in rows if row.staff_id in whose]


def _remarks_on_past(past: datetime | None, at: datetime) -> Iterator[str]:
    if past is None:
        return
    yield "Of that instant bookings and holds are known; hours and other rules are taken as they are set today."
    if past < at - KEPT_HOLDS:
        yield f"Holds that came to nothing are kept {KEPT_HOLDS.days} days: one not known any more may have been there."


def _settings_since(business: Business, past: datetime) -> list[str]:
    entries = AuditLog.objects.filter(business_id=business.id, entity__in=SETTINGS, at__gt=past).order_by("-id")
    latest = list(entries[:MOST_SETTINGS])[::-1]
    telling = Telling.of(latest, currency=business.currency, locale=business.locale)
    return [f"{local_time(entry.at)}: {telling.sentence(entry)}" for entry in latest]
