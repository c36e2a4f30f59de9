"""The twins of the operations in bare SQL as rhivo_app: only what the database guarantees stands in their way."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from rhivo.claims import Claims
from rhivo.clock import now
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, instant, minute_of
from rhivo.testing.attacks.model_check.machine import PEOPLE, PLACES, SERVICES, TENANTS, WHENS, WHICH
from rhivo.testing.attacks.model_check.machine_changes import WithChanges
from rhivo.testing.oracles import oracle
from rhivo.tokens import guest_token, token_hash

INSERT_HOLD = (
    "INSERT INTO reservations (id, business_id, service_id, staff_id, resource_ids, places, starts_at, visitor, status,"
    " request_fingerprint, expires_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, '', 'held', '', clock_timestamp() + make_interval(secs => %s))"
)
INSERT_APPOINTMENT = (
    "INSERT INTO appointments (id, business_id, service_id, staff_id, resource_ids, places, starts_at, reservation_id,"
    " status, version, customer_name, customer_email, customer_phone, notes, answers, cancellation_token_hash,"
    " overrides, request_fingerprint)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'confirmed', 1, 'Raw', '', '', '', '{}', %s, '[]', '')"
)
FORBIDDEN = "42501"
ARROWS = {
    ("confirmed", "canceled"),
    ("confirmed", "completed"),
    ("confirmed", "no_show"),
    ("completed", "no_show"),
    ("no_show", "completed"),
}
PATHS = [
    ("confirmed",),
    ("canceled", "confirmed"),
    ("canceled", "completed"),
    ("completed", "no_show", "confirmed"),
    ("no_show", "completed", "canceled"),
]
# The rooms that bare SQL names; operations choose them by themselves.
ROOMS = st.sampled_from(["first", "first", "first", "last", "last", "too few", "too many"])
# Holds at one start, as service, person and rooms: more than a person or room can be had, and classes torn apart.
CROWDS: dict[str, list[tuple[str, str | None, str]]] = {
    "anna": [("cut", "anna", "first"), ("class", "anna", "last"), ("cut", "anna", "first"), ("cut", "anna", "first")],
    "bob": [("colour", "bob", "first"), ("cut", "bob", "first"), ("cut", "bob", "first")],
    "cabin": [("bath", None, "first"), ("class", "carl", "first"), ("bath", None, "first")],
    "hall": [("bath", None, "last"), ("class", "carl", "last"), ("bath", None, "last"), ("bath", None, "last")],
    "tub": [("soak", None, "first"), ("bath", None, "last"), ("soak", None, "first"), ("bath", None, "first")],
    "class": [("class", "carl", "first"), ("class", "carl", "last"), ("class", "anna", "first")],
}
VERSIONS = st.sampled_from([None, None, 0, 1, -1])
FORGERIES = [
    "UPDATE appointments SET business_id = %s WHERE id = %s",
    "UPDATE appointments SET customer_id = %s WHERE id = %s",
    "UPDATE appointments SET ends_at = now(), reservation_id = %s WHERE id = %s",
    "UPDATE reservations SET expires_at = expires_at + interval '1 day', business_id = %s WHERE id = %s",
    "UPDATE busy_times SET business_id = %s WHERE source_id = %s",
    "DELETE FROM busy_times WHERE business_id = %s AND source_id = %s",
    "DELETE FROM appointments WHERE business_id = %s AND id = %s",
    "DELETE FROM reservations WHERE business_id = %s AND id = %s",
    "DELETE FROM audit_logs WHERE business_id = %s AND entity_id = %s",
    "UPDATE audit_logs SET business_id = %s WHERE entity_id = %s",
]


class WithSQL(WithChanges):
    """Writers who know nothing of the operations, and some who mean harm."""

    def _against_inserting(self, attacked: AttackedBusiness, span: oracle.Span) -> set[str]:
        """Return what may refuse a new row."""
        unfit = attacked.tenant.not_bookable(span.service, span.person, span.rooms, span.places)
        return unfit | self._against_occupying(attacked, span)

    def _against_occupying(self, attacked: AttackedBusiness, span: oracle.Span, *, but: str | None = None) -> set[str]:
        grain = {"starts_on_the_grain"} if span.start % oracle.GRAIN else set()
        return grain | attacked.tenant.no_room(span, but=but)

    def _rooms(self, attacked: AttackedBusiness, service: str, which: str) -> tuple[str, ...]:
        """Return the first or last room of each kind that a service needs, or rooms that do not fit."""
        rooms = attacked.tenant.rooms
        fitting = [
            sorted((name for name, room in rooms.items() if room.kind == kind), reverse=which == "last")[0]
            for kind in sorted(attacked.tenant.services[service].needs)
        ]
        if which == "too few":
            return tuple(fitting[1:])
        return (*fitting, "tub") if which == "too many" else tuple(fitting)

    @rule(
        tenant=TENANTS,
        service=SERVICES,
        when=WHENS,
        person=PEOPLE,
        rooms=ROOMS,
        places=PLACES,
        seconds=st.sampled_from([600, 86400, -1]),
    )
    def sql_hold(
        self, tenant: int, service: str, when: str, person: str | None, rooms: str, places: int, seconds: int
    ) -> None:
        attacked = self.businesses[tenant]
        who, start = self.named(attacked, service, person), self.minute(attacked, when)
        where = self._rooms(attacked, service, rooms)
        self.try_to_insert(attacked, self.new_span(attacked, uuid4(), service, who, start, where, places), seconds)

    @precondition(lambda self: self.find_span(0))
    @rule(which=WHICH, rooms=st.sampled_from(["same", "same", "first", "last"]), places=PLACES)
    def sql_hold_again(self, which: int, rooms: str, places: int) -> None:
        """Insert a hold where a span is, or was; of a class also in another room."""
        found = self.find_span(which)
        assert found
        attacked, span = found
        who = span.person if span.person in attacked.people else None
        where = span.rooms if rooms == "same" else self._rooms(attacked, span.service, rooms)
        again = self.new_span(attacked, uuid4(), span.service, who, span.start, where, places)
        self.try_to_insert(attacked, again, 600)

    @rule(tenant=TENANTS, crowd=st.sampled_from(sorted(CROWDS)), when=WHENS)
    def sql_crowd(self, tenant: int, crowd: str, when: str) -> None:
        """Ask for one person, room or class several times, across the services that use it."""
        attacked = self.businesses[tenant]
        start = self.minute(attacked, when)
        for service, person, rooms in CROWDS[crowd]:
            who, where = self.named(attacked, service, person), self._rooms(attacked, service, rooms)
            self.try_to_insert(attacked, self.new_span(attacked, uuid4(), service, who, start, where, 1), 600)

    def try_to_insert(self, attacked: AttackedBusiness, span: oracle.Span, seconds: int) -> None:
        refusal, _ = self.sql(attacked.shop.public, INSERT_HOLD, [*self._values(attacked, span), seconds])
        if self.judged(self._against_inserting(attacked, span), refusal):
            self.note_hold(attacked, span).lapsed = seconds < 0

    def _values(self, attacked: AttackedBusiness, span: oracle.Span) -> list[Any]:
        """Return the first columns of both kinds of row."""
        staff = attacked.person(span.person)
        service, rooms = attacked.services[span.service].id, attacked.resource_ids(span.rooms)
        return [span.id, attacked.business.id, service, staff and staff.id, rooms, span.places, instant(span.start)]

    @precondition(lambda self: self.find_hold(0))
    @rule(which=WHICH, presents=st.sampled_from([True, True, False]))
    def sql_commit(self, which: int, presents: bool) -> None:
        found = self.find_hold(which)
        assert found
        attacked, hold = found
        # The statement asks for another time, and mostly another service and other rooms, than was held. The trigger
        # must take what was held.
        made, held = uuid4(), UUID(hold.id)
        claims = attacked.shop.public.with_(reservation_id=held) if presents else attacked.shop.public
        other = oracle.Span(str(made), "chair", None, hold.start + 600, hold.terms, None, rooms=("tub",), places=3)
        values = [*self._values(attacked, other), held]
        refusal, _ = self.sql(claims, INSERT_APPOINTMENT, [*values, token_hash(guest_token(held))])
        dead = set() if hold.is_live else {"hold_is_live"}
        if self.judged(dead | (set() if presents else {FORBIDDEN}), refusal):
            hold.status = "committed"
            self.note_appointment(attacked, made, hold, hold=hold.id, request="sql")

    @precondition(lambda self: self.find_hold(0))
    @rule(which=WHICH, status=st.sampled_from(["released", "expired", "held", "committed"]))
    def sql_end_hold(self, which: int, status: str) -> None:
        found = self.find_hold(which)
        assert found
        attacked, hold = found
        claims = attacked.shop.public.with_(reservation_id=UUID(hold.id))
        refusal, _ = self.sql(claims, "UPDATE reservations SET status = %s WHERE id = %s", [status, hold.id])
        legal = status == hold.status or (hold.status == "held" and status in ("released", "expired"))
        if self.judged(set() if legal else {"hold_only_ends"}, refusal):
            hold.status = status
            if status in ("released", "expired"):
                hold.key = None

    @rule(tenant=TENANTS, service=SERVICES, when=WHENS, person=PEOPLE, rooms=ROOMS, places=PLACES)
    def sql_book(self, tenant: int, service: str, when: str, person: str | None, rooms: str, places: int) -> None:
        attacked, made = self.businesses[tenant], uuid4()
        start, who = self.minute(attacked, when), self.named(attacked, service, person)
        span = self.new_span(attacked, made, service, who, start, self._rooms(attacked, service, rooms), places)
        values = [*self._values(attacked, span), None, token_hash(guest_token(made))]
        refusal, _ = self.sql(attacked.shop.employees, INSERT_APPOINTMENT, values)
        if self.judged(self._against_inserting(attacked, span), refusal):
            self.note_appointment(attacked, made, span)

    @precondition(lambda self: self.find_appointment(0))
    @rule(which=WHICH, when=WHENS, service=st.none() | SERVICES, person=st.just("keep") | PEOPLE, rooms=ROOMS)
    def sql_reschedule(self, which: int, when: str, service: str | None, person: str | None, rooms: str) -> None:
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        to = service or item.service
        who = item.person if person == "keep" else self.named(attacked, to, person)
        start, staff = self.minute(attacked, when), attacked.person(who)
        where = item.rooms if to == item.service and rooms == "first" else self._rooms(attacked, to, rooms)
        expected: set[str] = set()
        rescheduled = (to, who, where, start) != (item.service, item.person, item.rooms, item.start)
        if rescheduled:
            wanted = self.new_span(attacked, UUID(item.id), to, who, start, where, item.places)
            if to == item.service:
                wanted.terms = item.terms
            expected = self._against_occupying(attacked, wanted, but=item.id)
            expected |= set() if item.status == "confirmed" else {"status_moves_legally"}
            if (to, who, where) != (item.service, item.person, item.rooms):
                expected |= attacked.tenant.not_bookable(to, who, where, item.places)
        refusal, _ = self.sql(
            attacked.shop.employees,
            "UPDATE appointments SET service_id = %s, staff_id = %s, resource_ids = %s, starts_at = %s WHERE id = %s",
            [attacked.services[to].id, staff and staff.id, attacked.resource_ids(where), instant(start), item.id],
        )
        if self.judged(expected, refusal):
            if rescheduled:
                self.note_rescheduled(attacked, item, to, who, start, where)
            else:
                # Another version though nothing changed: SQL that writes the same values is an update all the same.
                item.version += 1

    @precondition(lambda self: self.find_appointment(0))
    @rule(which=WHICH, path=st.sampled_from(PATHS), by_staff=st.booleans(), version=VERSIONS)
    def sql_statuses(self, which: int, path: tuple[str, ...], by_staff: bool, version: int | None) -> None:
        """Set one status after another, the first with a version unless that is None: it must be the one read."""
        found = self.find_appointment(which)
        assert found
        for number, status in enumerate(path):
            self._set_status(*found, status, by_staff, None if number else version)

    def _set_status(
        self, attacked: AttackedBusiness, item: oracle.Appointment, status: str, by_staff: bool, version: int | None
    ) -> None:
        expected: set[str] = set()
        if status != item.status:
            expected |= set() if (item.status, status) in ARROWS else {"status_moves_legally"}
            if status in ("completed", "no_show") and item.start > minute_of(now()):
                expected.add("only_once_started")
            if status != "canceled" and not by_staff:
                expected.add("staff_decide_outcomes")
        if not by_staff:
            if (item.status, status) != ("confirmed", "canceled"):
                expected.add("customers_cancel_or_move")
            elif not item.lets_customers(item.cancel_hours, minute_of(now())):
                expected.add("agreed_terms_allow_it" if item.cancel_hours is None else "before_the_agreed_deadline")
        expected |= {"version_is_current"} if version else set()
        query = "UPDATE appointments SET status = %s WHERE id = %s"
        values: list[Any] = [status, item.id]
        if version is not None:
            query = "UPDATE appointments SET status = %s, version = %s WHERE id = %s"
            values = [status, max(item.version + version, 0), item.id]
        refusal, _ = self.sql(self.claims_of(attacked, item, "staff" if by_staff else "guest"), query, values)
        if self.judged(expected, refusal):
            item.status, item.version = status, item.version + 1

    @rule(tenant=TENANTS, service=SERVICES, when=WHENS, own_business=st.booleans(), by_staff=st.booleans())
    def sql_cross(self, tenant: int, service: str, when: str, own_business: bool, by_staff: bool) -> None:
        """Take time of another business: with its id, or with one's own and its service."""
        attacked, victim = self.businesses[tenant], self.businesses[1 - tenant]
        business = (attacked if own_business else victim).business.id
        values: list[Any] = [uuid4(), business, victim.services[service].id, None, [], 1]
        start = instant(self.minute(victim, when))
        if by_staff:
            refusal, _ = self.sql(attacked.shop.employees, INSERT_APPOINTMENT, [*values, start, None, ""])
        else:
            refusal, _ = self.sql(attacked.shop.public, INSERT_HOLD, [*values, start, 600])
        assert refusal, "somebody booked in another's business"

    @precondition(lambda self: self.find_appointment(0))
    @rule(which=WHICH, role=st.sampled_from(["public", "customers", "employees", "owners"]))
    def sql_touch_anothers(self, which: int, role: str) -> None:
        """Change or read another business's appointment and hold: nothing is there."""
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        other = next(one for one in self.businesses if one is not attacked)
        claims: Claims = getattr(other.shop, role)
        for query in (
            "UPDATE appointments SET status = 'canceled' WHERE id = %s",
            "UPDATE reservations SET status = 'released' WHERE id = %s",
            "SELECT FROM appointments WHERE id = %s",
            "SELECT FROM reservations WHERE id = %s",
            "SELECT FROM audit_logs WHERE entity_id = %s",
        ):
            target = item.hold if "reservations" in query and item.hold else item.id
            assert self.sql(claims, query, [target]) == ("", 0), f"{role} of another business: {query}"

    @precondition(lambda self: self.find_appointment(0))
    @rule(which=WHICH, forgery=st.sampled_from(FORGERIES))
    def sql_forge(self, which: int, forgery: str) -> None:
        """Write what nobody may, as the owner of the business."""
        found = self.find_appointment(which)
        assert found
        attacked, item = found
        self.judged({FORBIDDEN}, self.sql(attacked.shop.owners, forgery, [attacked.business.id, item.id])[0])
