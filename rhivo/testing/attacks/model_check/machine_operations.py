"""The steps that go through the operations: what customers, guests, staff and the worker do."""

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid4

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bookings import operations
from bookings.contact import Contact
from bookings.errors import OnePlaceOnly
from bookings.models import Appointment
from bookings.operations.reschedule import KEEP
from bookings.rules.reasons import Override
from rhivo.claims import Claims
from rhivo.clock import now
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, instant, minute_of
from rhivo.testing.attacks.model_check.machine import (
    KEYS,
    PEOPLE,
    PHONES,
    PLACES,
    SERVICES,
    TENANTS,
    WHENS,
    WHICH,
    Machine,
)
from rhivo.testing.database import raw, through
from rhivo.testing.oracles import oracle
from rhivo.tokens import guest_token, token_hash

ACTORS = st.sampled_from(["guest", "staff"])
Actor = Literal["guest", "staff"]
OUTCOMES = st.sampled_from(["completed", "no_show"])
OVERRIDES = st.sampled_from([[], [], ["hours"], ["hours", "notice"]])
KEEPING = st.sampled_from(["keep", "keep", "anyone", "anna", "bob", "carl"])


def _expected(
    attacked: AttackedBusiness,
    service: str,
    request: Hashable,
    former: oracle.Hold | oracle.Appointment | None,
    decision: oracle.Decision,
    places: int,
) -> set[str]:
    """Return the refusals of a request for a service, none where it is granted; `former` is what its key has made."""
    if former:
        return set() if former.request == request else {"IDEMPOTENCY_MISMATCH"}
    known = attacked.tenant.services[service]
    unfit = set() if known.is_active else {"SERVICE_UNAVAILABLE"}
    if places > 1 and not known.is_group:
        unfit.add(OnePlaceOnly.code)
    return unfit or set(decision.reasons)


class WithOperations(Machine):
    """Holds, bookings and their changes through `bookings.operations`."""

    @rule(tenant=TENANTS, service=SERVICES, when=WHENS, person=PEOPLE, places=PLACES, key=KEYS)
    def hold(self, tenant: int, service: str, when: str, person: str | None, places: int, key: str | None) -> None:
        attacked = self.businesses[tenant]
        start, who = self.minute(attacked, when), self.named(attacked, service, person)
        self.try_to_hold(attacked, service, start, who, places, key)

    @precondition(lambda self: self.find_span(0))
    @rule(which=WHICH, anyone=st.booleans())
    def hold_again(self, which: int, anyone: bool) -> None:
        """Ask for what somebody has, or had."""
        found = self.find_span(which)
        assert found
        attacked, span = found
        person = span.person if not anyone and span.person in attacked.people else None
        self.try_to_hold(attacked, span.service, span.start, person, span.places, None)

    def try_to_hold(
        self, attacked: AttackedBusiness, service: str, start: int, person: str | None, places: int, key: str | None
    ) -> None:
        request = (service, start, person, places)
        of_key = [hold for hold in attacked.tenant.holds.values() if key and hold.key == key]
        # A key is free again when its hold has run out; one that became an appointment keeps it for good.
        former = next((hold for hold in of_key if not hold.lapsed or hold.status == "committed"), None)
        decision = attacked.tenant.judge(service, start, now=minute_of(now()), person=person, places=places)
        expected = _expected(attacked, service, request, former, decision, places)
        act = partial(
            operations.hold_slot,
            business=attacked.business,
            service=attacked.services[service],
            start=instant(start),
            staff=attacked.person(person),
            places=places,
            key=key or uuid4().hex,
            at=now(),
        )
        refusal, held = self.attempt(attacked.shop.public, act)
        if not self.judged(expected, refusal):
            return
        if former:
            assert (str(held.reservation.id), held.created) == (former.id, False), "the same key made another hold"
            return
        # The new hold took over the key: the database has marked the former one as expired.
        for lapsed in of_key:
            lapsed.status, lapsed.key = "expired", None
        made = held.reservation
        rooms = attacked.room_names(made.resource_ids)
        span = self.new_span(attacked, made.id, service, attacked.name(made.staff_id), start, rooms, places)
        self.note_hold(attacked, span, key, request)
        self.check_choice(decision, span)

    def new_span(
        self,
        attacked: AttackedBusiness,
        made: UUID,
        service: str,
        person: str | None,
        start: int,
        rooms: tuple[str, ...],
        places: int,
    ) -> oracle.Span:
        """Return what a new hold or appointment takes, on the present terms of its service."""
        terms, source = attacked.tenant.services[service].terms, str(made)
        class_key = attacked.tenant.class_key(service, person, start, source, rooms)
        return oracle.Span(source, service, person, start, terms, class_key, rooms=rooms, places=places)

    def note_hold(
        self, attacked: AttackedBusiness, span: oracle.Span, key: str | None = None, request: Any = None
    ) -> oracle.Hold:
        made = oracle.Hold(**vars(span), key=key, request=request)
        attacked.tenant.holds[made.id] = made
        return made

    def check_choice(self, decision: oracle.Decision, span: oracle.Span) -> None:
        """Check who was chosen and where: one of the free people, and the first free room of each kind."""
        assert span.person in (decision.people or {None}), f"{span.person} was chosen out of {set(decision.people)}"
        assert set(span.rooms) == decision.rooms, f"{span.rooms} were chosen instead of {set(decision.rooms)}"

    @precondition(lambda self: self.find_hold(0))
    @rule(which=WHICH, phone=PHONES, key=KEYS)
    def commit(self, which: int, phone: str, key: str | None) -> None:
        found = self.find_hold(which)
        assert found
        attacked, hold = found
        request = ("commit", hold.id, phone)
        former = next((item for item in attacked.tenant.appointments.values() if item.hold == hold.id), None)
        expected = self._against_committing(attacked, hold, former, request, key)
        act = partial(
            operations.commit_hold,
            business=attacked.business,
            reservation_id=UUID(hold.id),
            contact=Contact("Someone", "", phone),
            key=key or uuid4().hex,
            at=now(),
        )
        refusal, booked = self.attempt(attacked.shop.public, act)
        if not self.judged(expected, refusal):
            return
        if former:
            assert (str(booked.appointment.id), booked.created) == (former.id, False), "one hold, two appointments"
            return
        hold.status = "committed"
        self.note_appointment(
            attacked, booked.appointment.id, hold, phone=phone, hold=hold.id, key=key, request=request
        )

    def _against_committing(
        self,
        attacked: AttackedBusiness,
        hold: oracle.Hold,
        former: oracle.Appointment | None,
        request: Any,
        key: str | None,
    ) -> set[str]:
        if any(key and item.key == key and item.request != request for item in attacked.tenant.appointments.values()):
            return {"IDEMPOTENCY_MISMATCH"}
        if former:
            return set() if former.request == request else {"IDEMPOTENCY_MISMATCH"}
        if not hold.is_live:
            return {"HOLD_EXPIRED"}
        return self._over_the_limit(attacked, request[2], hold.start)

    def _over_the_limit(self, attacked: AttackedBusiness, phone: str, start: int, but: str = "") -> set[str]:
        that_day = [
            item
            for item in attacked.tenant.appointments.values()
            if item.phone == phone
            and item.status != "canceled"
            and attacked.tenant.day(item.start) == attacked.tenant.day(start)
            and item.id != but
        ]
        return {"LIMIT_REACHED"} if len(that_day) >= attacked.tenant.bookings_a_day else set()

    def note_appointment(self, attacked: AttackedBusiness, made: UUID, span: oracle.Span, **facts: Any) -> None:
        """Remember an appointment that takes over what a span took, on the business's present terms."""
        # A span that shares nothing has its own id as key; the appointment has another id, so another key.
        alone = span.class_key == span.id
        attacked.tenant.appointments[str(made)] = oracle.Appointment(
            id=str(made),
            service=span.service,
            person=span.person,
            start=span.start,
            terms=span.terms,
            class_key=str(made) if alone else span.class_key,
            rooms=span.rooms,
            places=span.places,
            cancel_hours=attacked.tenant.cancel_hours,
            reschedule_hours=attacked.tenant.reschedule_hours,
            **facts,
        )

    @precondition(lambda self: self.find_hold(0))
    @rule(which=WHICH)
    def release(self, which: int) -> None:
        found = self.find_hold(which)
        assert found
        attacked, hold = found

        def act() -> None:
            with transaction.atomic():  # as a request does: the hold is found under the claim that presents it
                known = operations.find_hold(business=attacked.business, reservation_id=UUID(hold.id))
                operations.release_hold(reservation=known)

        refusal, _ = self.attempt(attacked.shop.public, act)
        expected = {"ILLEGAL_TRANSITION"} if hold.status == "committed" else set()
        if self.judged(expected, refusal) and hold.status == "held":
            hold.status, hold.key = "released", None

    @precondition(lambda self: self.find_hold(0))
    @rule(which=WHICH)
    def expire(self, which: int) -> None:
        """Let a hold run out. Only the schema's owner can shorten one; without that login it stays as it is."""
        found = self.find_hold(which)
        assert found
        _, hold = found
        # A hold lives five minutes at least, and a machine seconds: without this none would ever run out.
        if hold.is_live and self.owner_is_known:
            with raw("owner") as owner:
                owner.execute("UPDATE reservations SET expires_at = clock_timestamp() WHERE id = %s", [hold.id])
            hold.lapsed = True

    @rule()
    def clean_up(self) -> None:
        with through(self.operator):
            operations.release_expired(at=now())
        for attacked in self.businesses:
            for hold in attacked.tenant.holds.values():
                if hold.status == "held" and hold.lapsed:
                    hold.status, hold.key = "expired", None

    @rule(
        tenant=TENANTS,
        service=SERVICES,
        when=WHENS,
        person=PEOPLE,
        places=PLACES,
        phone=PHONES,
        overrides=OVERRIDES,
        key=KEYS,
    )
    def book_by_staff(
        self,
        tenant: int,
        service: str,
        when: str,
        person: str | None,
        places: int,
        phone: str,
        overrides: Sequence[str],
        key: str | None,
    ) -> None:
        attacked, start = self.businesses[tenant], self.minute(self.businesses[tenant], when)
        person = self.named(attacked, service, person)
        request = ("staff", service, start, person, places, phone, tuple(overrides))
        former = next((item for item in attacked.tenant.appointments.values() if key and item.key == key), None)
        decision = attacked.tenant.judge(
            service, start, now=minute_of(now()), person=person, places=places, overridden=overrides
        )
        expected = _expected(attacked, service, request, former, decision, places)
        act = partial(
            operations.book_for_customer,
            business=attacked.business,
            service=attacked.services[service],
            start=instant(start),
            staff=attacked.person(person),
            places=places,
            contact=Contact("Someone", "", phone),
            overrides=[Override(name) for name in overrides],
            key=key or uuid4().hex,
            at=now(),
        )
        refusal, booked = self.attempt(attacked.shop.employees, act)
        if not self.judged(expected, refusal):
            return
        if former:
            assert (str(booked.appointment.id), booked.created) == (former.id, False), "one key, two appointments"
            return
        made = booked.appointment
        rooms = attacked.room_names(made.resource_ids)
        span = self.new_span(attacked, made.id, service, attacked.name(made.staff_id), start, rooms, places)
        self.check_choice(decision, span)
        self.note_appointment(attacked, made.id, span, phone=phone, key=key, request=request)

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
            operations.cancel_appointment, appointment=Appointment(id=item.id), version=item.version + stale, at=now()
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
        act = partial(operation, appointment=Appointment(id=item.id), version=item.version + stale, at=now())
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
