"""The steps that hold and book through the operations: what customers, guests, staff and the worker do."""

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bookings import operations
from bookings.contact import Contact
from bookings.errors import OnePlaceOnly
from bookings.models import Appointment, Reservation
from bookings.rules.reasons import Override
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

OVERRIDES = st.sampled_from([[], [], ["hours"], ["hours", "notice"]])


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
    """Holds and bookings through `bookings.operations`."""

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
        span = self._made_span(attacked, service, held.reservation)
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

    def _made_span(self, attacked: AttackedBusiness, service: str, made: Appointment | Reservation) -> oracle.Span:
        """Return what an operation has taken, its person and rooms as the operation chose them."""
        person, rooms = attacked.name(made.staff_id), attacked.room_names(made.resource_ids)
        return self.new_span(attacked, made.id, service, person, minute_of(made.starts_at), rooms, made.places)

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
        span = self._made_span(attacked, service, booked.appointment)
        self.check_choice(decision, span)
        self.note_appointment(attacked, booked.appointment.id, span, phone=phone, key=key, request=request)
