"""The steps that change an appointment through the operations: cancel, mark how it went, reschedule."""

from functools import partial
from typing import Literal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bookings import operations
from bookings.errors import OnePlaceOnly
from bookings.models import Appointment
from bookings.operations.reschedule import KEEP
from rhivo.claims import Claims
from rhivo.clock import now
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, instant, minute_of
from rhivo.testing.attacks.model_check.machine import SERVICES, WHENS, WHICH
from rhivo.testing.attacks.model_check.machine_operations import WithOperations
from rhivo.testing.oracles import oracle
from rhivo.tokens import guest_token, token_hash

ACTORS = st.sampled_from(["guest", "staff"])
Actor = Literal["guest", "staff"]
KEEPING = st.sampled_from(["keep", "keep", "anyone", "anna", "bob", "carl"])


class WithChanges(WithOperations):
    """What guests and staff do to what is booked."""

    def claims_of(self, attacked: AttackedBusiness, item: oracle.Appointment, actor: Actor) -> Claims:
        if actor == "staff":
            return attacked.shop.employees
        return Claims(
            business_id=attacked.business.id, cancellation_token=token_hash(guest_token(UUID(item.hold or item.id)))
        )

    @precondition(lambda self: self.find_appointment(0))
    @rule(which=WHICH, actor=ACTORS, stale=st.sampled_from([0, 0, 0, 1, -1]))
    def cancel(self, which: int, actor: Actor, stale: int) -> None:
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        late = actor == "guest" and not item.lets_customers(item.cancel_hours, minute_of(now()))
        if item.status == "canceled":
            expected = set()
        else:
            expected = self._against_changing(item, stale) or ({"DEADLINE_PASSED"} if late else set())
        act = partial(
            operations.cancel_appointment,
            appointment=Appointment(id=UUID(item.id)),
            version=item.version + stale,
            at=now(),
        )
        refusal, _ = self.attempt(self.claims_of(attacked, item, actor), act)
        if self.judged(expected, refusal) and item.status != "canceled":
            item.status, item.version = "canceled", item.version + 1

    def _against_changing(self, item: oracle.Appointment, stale: int) -> set[str]:
        if stale:
            return {"VERSION_CONFLICT"}
        return set() if item.status == "confirmed" else {"ILLEGAL_TRANSITION"}

    @precondition(lambda self: self.find_appointment(0))
    @rule(
        which=WHICH, actor=ACTORS, outcome=st.sampled_from(["completed", "no_show"]), stale=st.sampled_from([0, 0, 1])
    )
    def mark_outcome(self, which: int, actor: Actor, outcome: str, stale: int) -> None:
        """Say how it went, or correct that."""
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        if actor == "guest":
            expected = {"FORBIDDEN"}
        elif item.status == outcome:
            expected = set()
        elif stale:
            expected = {"VERSION_CONFLICT"}
        else:
            started = item.start <= minute_of(now())
            expected = set() if started and item.status != "canceled" else {"ILLEGAL_TRANSITION"}
        operation = operations.complete_appointment if outcome == "completed" else operations.mark_no_show
        act = partial(operation, appointment=Appointment(id=UUID(item.id)), version=item.version + stale, at=now())
        refusal, _ = self.attempt(self.claims_of(attacked, item, actor), act)
        if self.judged(expected, refusal) and item.status != outcome:
            item.status, item.version = outcome, item.version + 1

    @precondition(lambda self: self.find_appointment(0))
    @rule(
        which=WHICH,
        when=WHENS,
        service=st.none() | SERVICES,
        person=KEEPING,
        actor=ACTORS,
        stale=st.sampled_from([0, 0, 0, 1]),
    )
    def reschedule(self, which: int, when: str, service: str | None, person: str, actor: Actor, stale: int) -> None:
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        # Dismissed meanwhile; there is no row to ask for.
        if person not in {"keep", "anyone", *attacked.people}:
            return
        start, wanted = self.minute(attacked, when), service or item.service
        stays = (wanted, start) == (item.service, item.start) and person in ("keep", "anyone", item.person)
        decision, refused = self._judge_rescheduling(attacked, item, start, wanted, person, actor)
        late = actor == "guest" and not item.lets_customers(item.reschedule_hours, minute_of(now()))
        expected = self._against_changing(item, stale) or ({"DEADLINE_PASSED"} if late else set())
        # Version and deadline are looked at first, then whether anything would change at all, then the rules.
        expected = expected or (set() if stays else refused)
        given = {"keep": KEEP, "anyone": None}.get(person) if person in ("keep", "anyone") else attacked.person(person)
        act = partial(
            operations.reschedule_appointment,
            appointment=Appointment(
                id=item.id,
                business=attacked.business,
                service=attacked.services[item.service],
                starts_at=instant(item.start),
                ends_at=instant(item.start + item.terms.duration),
                buffer_before_minutes=item.terms.before,
                buffer_after_minutes=item.terms.after,
            ),
            start=instant(start),
            version=item.version + stale,
            at=now(),
            service=attacked.services[service] if service else None,
            staff=given,
        )
        refusal, rescheduled = self.attempt(self.claims_of(attacked, item, actor), act)
        if self.judged(expected, refusal) and not stays:
            rooms = attacked.room_names(rescheduled.resource_ids)
            self.note_rescheduled(attacked, item, wanted, attacked.name(rescheduled.staff_id), start, rooms)
            self.check_choice(decision, item)

    def _judge_rescheduling(
        self, attacked: AttackedBusiness, item: oracle.Appointment, start: int, wanted: str, person: str, actor: Actor
    ) -> tuple[oracle.Decision, set[str]]:
        """Return the decision on rescheduling to somewhere else, and every refusal that would be right."""
        asked = None if person == "anyone" else person
        if person == "keep":
            keeps = item.person is not None and item.person in attacked.tenant.services[wanted].staff
            if not keeps and item.person and wanted == item.service:
                return oracle.Decision(frozenset()), {"STAFF_UNAVAILABLE"}
            # Who does not do the other service is not kept: then anyone may come.
            asked = item.person if keeps else None
        decision = attacked.tenant.judge(
            wanted, start, now=minute_of(now()), person=asked, places=item.places, rescheduling=item
        )
        refused = set(decision.reasons)
        if item.places > 1 and not attacked.tenant.services[wanted].is_group:
            refused.add(OnePlaceOnly.code)
        if not attacked.tenant.services[wanted].is_active:
            if wanted != item.service:
                refused = {"SERVICE_UNAVAILABLE"}
            elif not refused and decision.people - {item.person}:  # whoever is chosen must be bookable anew
                refused = {"SERVICE_UNAVAILABLE", *({""} if item.person in decision.people else ())}
        if not refused and actor == "guest" and attacked.tenant.day(start) != attacked.tenant.day(item.start):
            refused = self._over_the_limit(attacked, item.phone, start, but=item.id)
        return decision, refused

    def note_rescheduled(
        self,
        attacked: AttackedBusiness,
        item: oracle.Appointment,
        service: str,
        person: str | None,
        start: int,
        rooms: tuple[str, ...],
    ) -> None:
        if service != item.service:
            item.terms = attacked.tenant.services[service].terms
        item.service, item.person, item.start, item.rooms = service, person, start, rooms
        item.class_key = attacked.tenant.class_key(service, person, start, item.id, rooms)
        item.version += 1
