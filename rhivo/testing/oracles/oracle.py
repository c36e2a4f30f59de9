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
MANY = 1000  # more than any service, person or room takes
Window = tuple[int, int]


@dataclass(frozen=True)
class Terms:
    """What a booking takes, as it was agreed. The person is free for `gap` minutes, `gap_after` after the start."""

    duration: int
    before: int = 0
    after: int = 0
    gap_after: int = 0
    gap: int = 0


@dataclass
class Service:
    """`capacity` None: its people and rooms are the limit. `needs`: kinds of room, one of each."""

    terms: Terms
    capacity: int | None = 1
    is_group: bool = False
    is_active: bool = True
    staff: set[str] = field(default_factory=set)
    needs: frozenset[str] = frozenset()


@dataclass
class Person:
    """`windows` None: works whenever the business is open. Serves `capacity` bookings or classes at a time."""

    is_active: bool = True
    windows: tuple[Window, ...] | None = None
    capacity: int = 1


@dataclass
class Room:
    """A resource of a kind, for `capacity` bookings or classes at a time."""

    kind: str
    capacity: int = 1
    is_active: bool = True


@dataclass
class Span:
    """Time taken from a service, from a person if it has one, and from rooms.

    Spans of one class are one use of the person and of each room.
    """

    id: str
    service: str
    person: str | None
    start: int
    terms: Terms
    class_key: Hashable
    rooms: tuple[str, ...] = field(default=(), kw_only=True)
    places: int = field(default=1, kw_only=True)

    @property
    def begins(self) -> int:
        return self.start - self.terms.before

    @property
    def ends(self) -> int:
        return self.start + self.terms.duration + self.terms.after

    @property
    def working(self) -> list[Window]:
        """The time of its person."""
        gap = self.start + self.terms.gap_after
        if not self.terms.gap:
            return [(self.begins, self.ends)]
        return [(self.begins, gap), (gap + self.terms.gap, self.ends)]

    def ranges_of(self, subject: str) -> list[Window]:
        """Return when it uses a person or a room."""
        if subject == self.person:
            return self.working
        return [(self.begins, self.ends)] if subject in self.rooms else []

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
    """Every reason that holds against a start; without any, the places left, who may take one, and in which rooms."""

    reasons: frozenset[str]
    places: int = 0
    people: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()


@dataclass
class Tenant:
    """One business: open in the same windows on every day, `offset` minutes east of UTC the whole year."""

    services: dict[str, Service]
    people: dict[str, Person]
    windows: tuple[Window, ...]
    offset: int = 0
    rooms: dict[str, Room] = field(default_factory=dict)
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

    def class_key(self, service: str, person: str | None, start: int, source: str, rooms: Iterable[str]) -> Hashable:
        """Return what a person and rooms may be shared under: the class at a start, else the booking alone."""
        return (service, start) if self.services[service].is_group and (person or tuple(rooms)) else source

    def day(self, start: int) -> int:
        return (start + self.offset) // DAY

    def not_bookable(self, service: str, person: str | None, rooms: Iterable[str], places: int) -> set[str]:
        """Return the rules of the catalogue that forbid a booking with this person, in these rooms."""
        known = self.services[service]
        found = set() if known.is_active else {"service_is_bookable"}
        if person is None and known.staff:
            found.add("staff_does_the_service")
        if person is not None and not (person in known.staff and self.people[person].is_active):
            found.add("staff_does_the_service")
        kinds = [self.rooms[room].kind if self.rooms[room].is_active else "" for room in rooms]
        if sorted(kinds) != sorted(known.needs):
            found.add("resources_fit_the_service")
        if places > 1 and not known.is_group:
            found.add("places_are_for_classes")
        return found

    def no_room(self, wanted: Span, *, but: str | None = None, spans: list[Span] | None = None) -> set[str]:
        """Return the guarantees that one more span would break. `spans` as `judge` takes them."""
        spans, known = self.live(but=but) if spans is None else spans, self.services[wanted.service]
        found = set()
        capacity = known.capacity or (None if wanted.person or wanted.rooms else 1)
        if capacity and peak(spans, wanted.service, wanted.begins, wanted.ends) + wanted.places > capacity:
            found.add("service_capacity")
        # Two guards for one rule: who has capacity 1 is guarded by an exclusion constraint as well.
        if wanted.person and not self._spare(spans, wanted.person, wanted):
            found |= {"staff_capacity", "one_staff_one_place"}
        if not all(self._spare(spans, room, wanted) for room in wanted.rooms):
            found |= {"resource_capacity", "one_resource_one_use"}
        others = class_of(spans, wanted) if known.is_group else []
        # Some of them may have been booked before anybody was assigned: they have no teacher yet, and no other.
        if wanted.person and any(other.person not in (None, wanted.person) for other in others):
            found.add("one_staff_a_class")
        if any(set(other.rooms) != set(wanted.rooms) for other in others):
            found.add("one_room_a_class")
        return found

    def _spare(self, spans: Iterable[Span], subject: str, wanted: Span) -> int:
        """Return how many more uses a person or room has for all of a span's time, its own class not counted."""
        capacity = (self.people.get(subject) or self.rooms[subject]).capacity
        others = [span for span in spans if span.class_key != wanted.class_key]
        return max(capacity - most_uses(others, subject, wanted.ranges_of(subject)), 0)

    def judge(
        self,
        service: str,
        start: int,
        *,
        now: int,
        person: str | None = None,
        places: int = 1,
        rescheduling: Appointment | None = None,
        overridden: Iterable[str] = (),
        spans: list[Span] | None = None,
    ) -> Decision:
        """Return what search must say of a start. `spans` are the ones that count; without them, the live ones."""
        known = self.services[service]
        # Rescheduling keeps the agreed terms, unless it goes to another service.
        terms = rescheduling.terms if rescheduling and rescheduling.service == service else known.terms
        if reasons := self._against_the_rules(start, terms.duration, now, set(overridden)):
            return Decision(frozenset(reasons))
        spans = self.live(but=rescheduling.id if rescheduling else None) if spans is None else spans
        # A key that equals no other: a booking that is no class shares nobody, and no room.
        wanted = Span("", service, None, start, terms, (service, start) if known.is_group else object())
        capacity = known.capacity or (MANY if known.staff or known.needs or person else 1)
        left = capacity - peak(spans, service, wanted.begins, wanted.ends)
        joined = class_of(spans, wanted) if known.is_group else []
        people: dict[str, int] = {}
        if known.staff or person:
            hosts = {span.person for span in joined if span.person}
            asked = {name for name in known.staff if self.people[name].is_active and person in (None, name)}
            # A class has its teacher already. Whoever gives it works then, whatever the hours say now.
            working = (
                asked & hosts if hosts else self._working(asked, start, terms.duration, "hours" in set(overridden))
            )
            if not working:  # a class that somebody else gives is as good as full
                return Decision(frozenset({"STAFF_UNAVAILABLE", *({"SLOT_UNAVAILABLE"} if hosts else ())}))
            people = {name: self._spare(spans, name, replace(wanted, person=name)) for name in working}
        rooms, uses = self._rooms(spans, wanted, joined)
        left = min(left, uses, served(people, known) if people else MANY)
        if left < places:
            return Decision(frozenset({"SLOT_UNAVAILABLE"}))
        return Decision(frozenset(), left, frozenset(name for name, spare in people.items() if spare), rooms)

    def _rooms(self, spans: list[Span], wanted: Span, joined: list[Span]) -> tuple[frozenset[str], int]:
        """Return the first free room of each kind by name, and how many bookings all of them could take."""
        known, chosen, uses = self.services[wanted.service], set(), MANY
        for kind in known.needs:
            mine = sorted(name for name, room in self.rooms.items() if room.kind == kind and room.is_active)
            if joined:  # a class has its rooms already
                mine = [name for name in mine if any(name in span.rooms for span in joined)]
            spares = {name: self._spare(spans, name, replace(wanted, rooms=(name,))) for name in mine}
            uses = min(uses, served(spares, known))
            chosen |= set([name for name in mine if spares[name]][:1])
        return frozenset(chosen), uses

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
    """Return the most places of a service that are taken at any one moment of a range."""
    mine = [span for span in spans if span.service == service and span.meets(begins, ends)]
    # The number grows only where a span begins, so the peak is at one of these moments.
    moments = {begins, *(span.begins for span in mine if span.begins > begins)}
    return max(sum(span.places for span in mine if span.begins <= moment < span.ends) for moment in moments)


def most_uses(spans: Iterable[Span], subject: str, ranges: Iterable[Window]) -> int:
    """Return the most bookings and classes that use a person or room at any one moment of some ranges."""
    uses = [(used, span.class_key) for span in spans for used in span.ranges_of(subject)]
    most = 0
    for begins, ends in ranges:
        for moment in {begins, *(used[0] for used, _ in uses if begins < used[0] < ends)}:
            most = max(most, len({key for used, key in uses if used[0] <= moment < used[1]}))
    return most


def class_of(spans: Iterable[Span], wanted: Span) -> list[Span]:
    """Return the spans of the class that a span would join."""
    return [span for span in spans if span.service == wanted.service and span.class_key == wanted.class_key]


def served(spares: dict[str, int], service: Service) -> int:
    """Return how many places people or rooms with so many free uses serve: one use serves a whole class."""
    uses = sum(spares.values())
    return MANY if service.is_group and uses else uses
