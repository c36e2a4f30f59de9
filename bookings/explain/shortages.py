"""What a full time is short of: the service's own places, the people, or a room of which kind.

Slot search is asked about one limit at a time, as if there were no other; no rule is decided here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bookings.load_calendar import Subjects
from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar, Hours, OccupiedSpan, Person, Resource, Rules, ServiceTerms
from businesses.models import Business, Service
from rhivo.text.plurals import counted

ALL_BUT_FULL = frozenset(Reason) - {Reason.FULL}
ALL_BUT_PLACES = ALL_BUT_FULL - {Reason.STAFF_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits one start: the places of its service, the people who work then, the active resources of each kind."""

    rules: Rules
    hours: Hours
    terms: ServiceTerms
    people: tuple[Person, ...]
    resources: tuple[Resource, ...]
    start: datetime
    places: int

    @classmethod
    def of(
        cls,
        business: Business,
        service: Service,
        start: datetime,
        *,
        terms: ServiceTerms,
        subjects: Subjects,
        hours: dict[UUID | None, Hours],
        places: int,
    ) -> "Limits":
        """Return the limits of a start; `hours` are of the people who may be asked, and under None the business's."""
        rules = Rules(
            zone=business.zone,
            slot_interval_minutes=service.slot_interval_minutes or business.slot_interval_minutes,
            min_notice_minutes=business.min_notice_minutes,
            max_advance_days=business.max_advance_days,
        )
        asked = (person for person in subjects.people if person.is_active and person.id in hours)
        people = tuple(Person(person.id, person.name, hours[person.id], person.capacity) for person in asked)
        return cls(rules, hours[None], terms, people, subjects.resources, start, places)

    def sentences(self, spans: Sequence[OccupiedSpan], taken: int, *, anyone_works: bool) -> tuple[str, ...]:
        """Say what is short, given the spans that are there and how many places they take.

        None is short unless the start is full. `anyone_works`: people are asked whatever their hours.
        """
        return tuple(self._sentences(spans, taken, anyone_works=anyone_works))

    def _sentences(self, spans: Sequence[OccupiedSpan], taken: int, *, anyone_works: bool) -> Iterator[str]:
        if self.lacks_places(spans) and self.terms.capacity is not None:
            left = max(self.terms.capacity - taken, 0)
            yield f"{counted(left, 'place') if left else 'No place'} left of {self.terms.capacity}."
        if self.terms.has_staff and self.person_reason(spans, anyone_works=anyone_works) is Reason.FULL:
            yield (
                "None of the people who work then has the time."
                if len(self.people) > 1
                else (f"{self.people[0].name} does not have the time." if self.people else "There is nobody to ask.")
            )
        for kind in self.terms.needs:
            if self.lacks_kind(spans, kind):
                known = any(resource.kind == kind for resource in self.resources)
                yield f"No {kind} has the time." if known else f"There is no {kind} that is switched on."

    def lacks_places(self, spans: Sequence[OccupiedSpan]) -> bool:
        """Tell whether the service's own number of places is used up."""
        terms = replace(self.terms, has_staff=False, needs=())
        return self._reason(terms, spans) is Reason.FULL

    def person_reason(
        self, spans: Sequence[OccupiedSpan], person_id: UUID | None = None, *, anyone_works: bool = False
    ) -> Reason | None:
        """Return what keeps the people, or one of them alone, from taking it; None if nothing does."""
        people = [person for person in self.people if person_id in (None, person.id)]
        terms = replace(self.terms, capacity=None, has_staff=True, needs=())
        overridden = ALL_BUT_FULL if anyone_works else ALL_BUT_PLACES
        return self._reason(terms, spans, people=people, overridden=overridden)

    def lacks_kind(self, spans: Sequence[OccupiedSpan], kind: str) -> bool:
        """Tell whether no resource of a kind can be had."""
        return self._lacks(spans, [resource for resource in self.resources if resource.kind == kind], kind)

    def lacks_resource(self, spans: Sequence[OccupiedSpan], resource: Resource) -> bool:
        """Tell whether this one cannot be had."""
        return self._lacks(spans, [resource], resource.kind)

    def _lacks(self, spans: Sequence[OccupiedSpan], resources: Sequence[Resource], kind: str) -> bool:
        terms = replace(self.terms, capacity=None, has_staff=False, needs=(kind,))
        return self._reason(terms, spans, resources=resources) is Reason.FULL

    def _reason(
        self,
        terms: ServiceTerms,
        spans: Sequence[OccupiedSpan],
        *,
        people: Sequence[Person] = (),
        resources: Sequence[Resource] = (),
        overridden: frozenset[Reason] = ALL_BUT_FULL,
    ) -> Reason | None:
        calendar = Calendar(self.rules, self.hours, terms, people, spans, resources, self.places)
        return calendar.judge(self.start, at=self.start, overridden=overridden).reason
