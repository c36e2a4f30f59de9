"""The oracle of bookings: who takes which time, and what must therefore be refused, in plain Python.

`slot_oracle` beside it is the oracle of slot search, with time zones and exceptions.

Whole minutes since the epoch; no Django, no SQL, no clock. It shares no code with what it is compared with, and is
written to be read beside RULES rather than to be fast.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

DAY = 24 * 60
GRAIN = 5
OFF_HOURS = frozenset({"CLOSED", "BREAK", "OUTSIDE_HOURS"})
Window = tuple[int, int]


@dataclass(frozen=True)
class Terms:
    """What a booking takes, as it was agreed."""

    duration: int
    before: int = 0
    after: int = 0


@dataclass
class Service:
    terms: Terms
    capacity: int = 1
    is_group: bool = False
    is_active: bool = True
    staff: set[str] = field(default_factory=set)


@dataclass
class Person:
    """`windows` None: works whenever the business is open."""

    is_active: bool = True
    windows: tuple[Window, ...] | None = None


@dataclass
class Span:
    """Time taken from a service, and from a person if it has one. Spans of one class may share the person."""

    id: str
    service: str
    person: str | None
    start: int
    terms: Terms
    class_key: Hashable

    @property
    def begins(self) -> int:
        return self.start - self.terms.before

    @property
    def ends(self) -> int:
        return self.start + self.terms.duration + self.terms.after

    def meets(self, begins: int, ends: int) -> bool:
        return self.begins < ends and begins < self.ends


@dataclass
class Hold(Span):
    """`status` as stored; `lapsed`: its time is up, whether or not anybody marked it."""

    status: str = "held"
    lapsed: bool = False
    key: str | None = None
    request: Hashable = None

    @property
    def is_live(self) -> bool:
        return self.status == "held" and not self.lapsed


@dataclass
class Appointment(Span):
    """`cancel_hours`, `reschedule_hours`: how long before its start a customer may still do that, None for never."""

    status: str = "confirmed"
    version: int = 1
    phone: str = ""
    cancel_hours: int | None = 24
    reschedule_hours: int | None = 24
    hold: str | None = None
    key: str | None = None
    request: Hashable = None

    def lets_customers(self, hours: int | None, now: int) -> bool:
        return hours is not None and now <= self.start - hours * 60


@dataclass(frozen=True)
class Decision:
    """Every reason that holds against a start; without any, the places left and who may take one."""

    reasons: frozenset[str]
    places: int = 0
    people: frozenset[str] = frozenset()


@dataclass
class Tenant:
    """One business: open in the same windows on every day, `offset` minutes east of UTC the whole year."""

    services: dict[str, Service]
    people: dict[str, Person]
    windows: tuple[Window, ...]
    offset: int = 0
    interval: int = 30
    notice: int = 60
    advance_days: int = 60
    cancel_hours: int | None = 24
    reschedule_hours: int | None = 24
    bookings_a_day: int = 100
    holds: dict[str, Hold] = field(default_factory=dict)
    appointments: dict[str, Appointment] = field(default_factory=dict)

    def live(self, *, but: str | None = None) -> list[Span]:
        """Return the spans that count: live holds, and every appointment that is not canceled."""
        held = [hold for hold in self.holds.values() if hold.is_live]
        booked = [item for item in self.appointments.values() if item.status != "canceled"]
        return [span for span in (*held, *booked) if span.id != but]

    def class_key(self, service: str, person: str | None, start: int, source: str) -> Hashable:
        """Return what one person may share: the class at a start, else the booking alone."""
        return (service, start) if self.services[service].is_group and person else source

    def day(self, start: int) -> int:
        return (start + self.offset) // DAY

    def not_bookable(self, service: str, person: str | None) -> set[str]:
        """Return the rules of the catalogue that forbid a booking with this person."""
        known = self.services[service]
        found = set() if known.is_active else {"service_is_bookable"}
        if person is None and known.staff:
            found.add("staff_does_the_service")
        if person is not None and not (person in known.staff and self.people[person].is_active):
            found.add("staff_does_the_service")
        return found

    def no_room(
        self, service: str, person: str | None, start: int, terms: Terms, *, but: str | None = None
    ) -> set[str]:
        """Return the guarantees that one more span would break."""
        spans, known = self.live(but=but), self.services[service]
        wanted = Span("", service, person, start, terms, self.class_key(service, person, start, ""))
        found = set()
        if peak(spans, service, wanted.begins, wanted.ends) >= known.capacity:
            found.add("service_capacity")
        if person and not is_free(spans, person, wanted):
            found.add("one_staff_one_place")
        if known.is_group and person and host(spans, wanted) not in (None, person):
            found.add("one_staff_a_class")
        return found

    def judge(
        self,
        service: str,
        start: int,
        *,
        now: int,
        person: str | None = None,
        rescheduling: Appointment | None = None,
        overridden: Iterable[str] = (),
        spans: list[Span] | None = None,
    ) -> Decision:
        """Return what search must say of a start. `spans` are the ones that count; without them, the live ones."""
        known = self.services[service]
        # Rescheduling keeps the agreed length and buffers, unless it goes to another service.
        terms = rescheduling.terms if rescheduling and rescheduling.service == service else known.terms
        reasons = self._against_the_rules(start, terms.duration, now, set(overridden))
        if reasons:
            return Decision(frozenset(reasons))
        spans = self.live(but=rescheduling.id if rescheduling else None) if spans is None else spans
        wanted = Span("", service, "", start, terms, (service, start))
        places = known.capacity - peak(spans, service, wanted.begins, wanted.ends)
        if not known.staff and person is None:
            return _offered(places, frozenset())
        asked = {name for name in known.staff if self.people[name].is_active and person in (None, name)}
        hosting = host(spans, wanted) if known.is_group else None
        # A class has its teacher already. Whoever gives it works then, whatever the hours say now.
        working = (
            {hosting} & asked if hosting else self._working(asked, start, terms.duration, "hours" in set(overridden))
        )
        if not working:  # a class that somebody else gives is as good as full
            return Decision(frozenset({"STAFF_UNAVAILABLE", *({"SLOT_UNAVAILABLE"} if hosting else ())}))
        if not known.is_group:
            # A key that equals no other: a booking that is no class shares its person with nobody.
            wanted = replace(wanted, class_key=object())
        free = frozenset(name for name in working if is_free(spans, name, wanted))
        return _offered(places if free and known.is_group else min(places, len(free)), free)

    def _working(self, people: set[str], start: int, duration: int, at_any_hour: bool) -> set[str]:
        return {name for name in people if at_any_hour or self._is_open(start, duration, self.people[name].windows)}

    def _against_the_rules(self, start: int, duration: int, now: int, overridden: set[str]) -> set[str]:
        if start % GRAIN:
            return {"OFF_GRID"}
        found: set[str] = set()
        if "hours" not in overridden:
            if not self._is_open(start, duration, self.windows):
                found |= OFF_HOURS
            if not any(
                opens <= self._clock(start) < closes and (self._clock(start) - opens) % self.interval == 0
                for opens, closes in self.windows
            ):
                found.add("OFF_GRID")
        if "notice" not in overridden:
            found |= ({"PAST"} if start < now else set()) | ({"TOO_SOON"} if start < now + self.notice else set())
        if "advance" not in overridden and start > now + self.advance_days * DAY:
            found.add("TOO_FAR")
        return found

    def _is_open(self, start: int, duration: int, windows: tuple[Window, ...] | None) -> bool:
        """Tell whether one window of the business, and one of these if there are any, hold the time."""
        begins, ends = self._clock(start), self._clock(start) + duration
        return all(
            own is None or any(opens <= begins and ends <= closes for opens, closes in own)
            for own in (self.windows, windows)
        )

    def _clock(self, start: int) -> int:
        return (start + self.offset) % DAY


def peak(spans: Iterable[Span], service: str, begins: int, ends: int) -> int:
    """Return the most spans on a service at any one moment of a range."""
    mine = [span for span in spans if span.service == service and span.meets(begins, ends)]
    # The number of spans grows only where one begins, so the peak is at one of these moments.
    moments = {begins, *(span.begins for span in mine if span.begins > begins)}
    return max((sum(span.begins <= moment < span.ends for span in mine) for moment in moments), default=0)


def is_free(spans: Iterable[Span], person: str, wanted: Span) -> bool:
    """Tell whether nothing but the wanted span's own class takes the person's time."""
    return not any(
        span.person == person and span.meets(wanted.begins, wanted.ends) and span.class_key != wanted.class_key
        for span in spans
    )


def host(spans: Iterable[Span], wanted: Span) -> str | None:
    """Return who gives the class that a span would join, None while there is none."""
    mine = (span for span in spans if span.service == wanted.service and span.class_key == wanted.class_key)
    return next((span.person for span in mine), None)


def _offered(places: int, people: frozenset[str]) -> Decision:
    return Decision(frozenset(), places, people) if places > 0 else Decision(frozenset({"SLOT_UNAVAILABLE"}))
