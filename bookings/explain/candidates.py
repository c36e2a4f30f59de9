"""The people and the resources that might serve a start, each with why it can or cannot at one instant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bookings.explain.occupants import Occupant, Wanted
from bookings.explain.shortages import Limits
from bookings.explain.timeline import occupant_text
from bookings.rules import slots
from bookings.rules.occupancy import OccupiedSpan
from bookings.rules.reasons import Reason
from businesses.models import Resource, Staff


class Candidate(NamedTuple):
    """Someone who does the service, or something that it uses, and why they can take it or not."""

    name: str
    is_free: bool
    why: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """What stands against whom, given what is there at an instant."""

    limits: Limits
    wanted: Wanted
    start: datetime
    there: Sequence[Occupant]
    spans: Sequence[OccupiedSpan]

    def person(self, person: Staff, reason: Reason | None, hours: str) -> Candidate:
        """Return a person; `reason` is what slot search says of them alone, `hours` when they work that day."""
        return Candidate(person.name, reason is None, self._why(person, reason, hours))

    def resources(self, known: Iterable[Resource]) -> Iterator[Candidate]:
        for resource in known:
            name = f"{resource.name} ({resource.kind})"
            capacity = resource.max_simultaneous_bookings
            plain = slots.Resource(resource.id, resource.name, resource.kind, capacity)
            if not resource.is_active:
                yield Candidate(name, False, "is switched off")
            elif not self.limits.lacks_resource(self.spans, plain):
                yield Candidate(name, True, "is free")
            else:
                users = self._in_the_way(resource)
                why = f"is in use{_at_a_time(capacity)}: {users}" if users else "is not where this class is"
                yield Candidate(name, False, why)

    def _why(self, person: Staff, reason: Reason | None, hours: str) -> str:
        match reason:
            case None:
                return "is free"
            case _ if not person.is_active:
                return "is switched off"
            case Reason.STAFF_UNAVAILABLE:
                return f"does not work then ({hours})"
            case Reason.FULL:
                return self._why_full(person)
        return "cannot be asked for such a start"

    def _why_full(self, person: Staff) -> str:
        if self.limits.person_reason(self.spans, person.id) is Reason.FULL:
            busy = self._in_the_way(person)
            return (
                f"is busy{_at_a_time(person.max_simultaneous_bookings)}: {busy}" if busy else self._class_of_another()
            )
        if self.limits.lacks_places(self.spans):
            return "is free, but the service has no place left"
        kinds = [kind for kind in self.limits.terms.needs if self.limits.lacks_kind(self.spans, kind)]
        return f"is free, but no {' and no '.join(kinds)} is"

    def _class_of_another(self) -> str:
        teachers = {one.source.staff.name for one in self.there if self._is_this_class(one) and one.source.staff}
        return f"does not give this class: {' and '.join(sorted(teachers)) or 'someone else'} does"

    def _in_the_way(self, subject: Staff | Resource) -> str:
        """Return what takes the time of a person or resource, but for the class that would be joined."""
        return "; ".join(
            occupant_text(one)
            for one in self.there
            if not self._is_this_class(one) and any(self._takes(span, subject) for span in one.spans())
        )

    def _takes(self, span: OccupiedSpan, subject: Staff | Resource) -> bool:
        if isinstance(subject, Staff):
            return self.wanted.meets_person(span, [subject.id])
        return self.wanted.meets_resource(span, [subject.id])

    def _is_this_class(self, one: Occupant) -> bool:
        service = self.wanted.service
        return service.is_group and (one.source.service_id, one.source.starts_at) == (service.id, self.start)


def _at_a_time(capacity: int) -> str:
    return f" ({capacity} at a time)" if capacity > 1 else ""
