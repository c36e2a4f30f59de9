"""Random interleavings of everything that can be done to businesses, compared with the model after every step.

This file knows how a step is judged; what the steps are is in `machine_operations`, `machine_changes`,
`machine_owners` and `machine_sql`.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import psycopg
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from bookings.guarantees import violations
from bookings.load_calendar import calendar_of_days, local_day
from rhivo.claims import Claims, acting_as, set_config_sql
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.attacks.attacked_businesses import (
    AttackedBusiness,
    found,
    instant,
    minute_of,
    switch_off,
    usual_tenant,
)
from rhivo.testing.database import login, raw, through
from rhivo.testing.oracles import oracle

TENANTS = st.sampled_from([0, 0, 1])
# Few places, so that most steps meet others. "first" and "last" are of those who do the service, None is anyone.
SERVICES = st.sampled_from(
    ["chair", "class", "class", "class", "table", "cut", "cut", "colour", "bath", "bath", "soak"]
)
PEOPLE = st.sampled_from([None, "first", "first", "last", "bob", "carl"])
WHENS = st.sampled_from(
    ["10:00", "10:00", "10:00", "10:30", "10:30", "11:00", "10:15", "17:30", "10:03", "next 10:00", "past 10:00"]
)
PLACES = st.sampled_from([1, 1, 1, 2, 4])
KEYS = st.sampled_from([None, None, "key-one", "key-two"])
PHONES = st.sampled_from(["+39061234567", "+39061234568"])
WHICH = st.integers(0, 7)
# How many random starts are compared after each step.
LOOKS = 2
_DAYS = {"past": -2, "next": 4, "": 3}


class Disagreement(AssertionError):
    """The database and the model say different things."""


class Machine(RuleBasedStateMachine):
    """Two businesses, each a tenant of the model and rows in the database."""

    # By all machines of this process: how much was attacked, and what refused it.
    steps_taken = 0
    refusals: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.businesses = [
            found(usual_tenant(330, bookings_a_day=4)),
            found(usual_tenant(-420, bookings_a_day=2, cancel_hours=168, reschedule_hours=None)),
        ]
        self.of = [attacked.business.id for attacked in self.businesses]
        self.today = minute_of(datetime.now(UTC)) // oracle.DAY
        # Connections that live as long as the machine: opening them for each step would take longer than the step.
        self.app, self.worker = raw("app"), raw("worker")
        self.operator = login("worker")
        self.owner_is_known = "MIGRATION_DATABASE_URL" in os.environ
        # A fixed seed: hypothesis must be able to repeat an example exactly in order to shrink it.
        self.dice = random.Random(0)

    def teardown(self) -> None:
        switch_off(self.businesses)
        self.app.close()
        self.worker.close()
        self.operator.close()

    def minute(self, attacked: AttackedBusiness, when: str) -> int:
        """Return "10:00", "next 10:00" or "past 10:00" on the clock of a business as a minute."""
        day, _, clock = when.rpartition(" ")
        hours, minutes = clock.split(":")
        return (self.today + _DAYS[day]) * oracle.DAY + int(hours) * 60 + int(minutes) - attacked.tenant.offset

    def named(self, attacked: AttackedBusiness, service: str, person: str | None) -> str | None:
        """Return whom "first" and "last" mean; None too where nobody does the service, or is employed any more."""
        if person in ("first", "last"):
            return next(iter(sorted(attacked.tenant.services[service].staff, reverse=person == "last")), None)
        return person if person in attacked.people else None

    def find_hold(self, which: int) -> tuple[AttackedBusiness, oracle.Hold] | None:
        """Return a hold of either business by its number; the youngest is 0."""
        known = [(attacked, hold) for attacked in self.businesses for hold in attacked.tenant.holds.values()]
        return known[-1 - which % len(known)] if known else None

    def find_appointment(self, which: int) -> tuple[AttackedBusiness, oracle.Appointment] | None:
        known = [(attacked, item) for attacked in self.businesses for item in attacked.tenant.appointments.values()]
        return known[-1 - which % len(known)] if known else None

    def find_span(self, which: int) -> tuple[AttackedBusiness, oracle.Span] | None:
        """Return a hold or an appointment, whatever has become of it."""
        found = [self.find_hold(which // 2), self.find_appointment(which // 2)]
        return found[which % 2] or found[1 - which % 2]

    def judged(self, expected: set[str] | frozenset[str], got: str) -> bool:
        """Tell whether a step was accepted; raise Disagreement unless that, or one of the refusals, was expected.

        Nothing expected means acceptance; '' among refusals means that it would be right too.
        """
        # A set, because the order of checks is no promise: when two things are wrong, either may be told.
        if got not in (expected or {""}):
            wanted = " or ".join(sorted(name or "acceptance" for name in expected or {""}))
            raise Disagreement(f"the model expects {wanted}, the database gave {got or 'acceptance'}")
        Machine.refusals[got] += 1
        return not got

    def attempt(self, claims: Claims, act: Callable[[], Any]) -> tuple[str, Any]:
        """Run an operation under claims; return the code of its refusal, or '' and its result."""
        with acting_as(claims):
            try:
                return "", act()
            except RhivoError as refusal:
                return refusal.code, None

    def sql(self, claims: Claims, query: str, parameters: list[Any]) -> tuple[str, int]:
        """Run a bare statement as rhivo_app; return what refused it, or '' and how many rows it touched."""
        try:
            with self.app.transaction():
                self.app.execute(set_config_sql(claims))
                return "", self.app.execute(query, parameters).rowcount
        except psycopg.Error as error:
            return error.diag.constraint_name or str(error.sqlstate), 0

    @invariant()
    def occupancy_is_what_the_model_says(self) -> None:
        Machine.steps_taken += 1
        rows: list[tuple[Any, ...]] = self.worker.execute(
            "SELECT source_id::text, service_id, staff_id, resource_id, places, lower(during), upper(during), class_key"
            " FROM busy_times WHERE business_id = ANY (%s) AND (expires_at IS NULL OR expires_at > clock_timestamp())",
            [self.of],
        ).fetchall()
        names: dict[Any, str] = {key: name for attacked in self.businesses for key, name in attacked.names.items()}
        sharing = _sharing((row[0], row[-1]) for row in rows)
        taken = [
            (source, names[service], names.get(person), names.get(room), *when, sharing[class_key])
            for source, service, person, room, places, begins, ends, class_key in rows
            for when in [(places, minute_of(begins), minute_of(ends))]
        ]
        spans = [span for attacked in self.businesses for span in attacked.tenant.live()]
        sharing = _sharing((span.id, span.class_key) for span in spans)
        expected = [(*segment, sharing[span.class_key]) for span in spans for segment in _segments(span)]
        # Counted: sets would hide a row that is there twice.
        if Counter(taken) != Counter(expected):
            raise Disagreement(
                f"only in busy_times: {Counter(taken) - Counter(expected)};"
                f" only in the model: {Counter(expected) - Counter(taken)}"
            )

    @invariant()
    def every_row_is_what_the_model_says(self) -> None:
        rows: list[tuple[Any, ...]] = self.worker.execute(
            "SELECT id::text, status, 0, places, starts_at, ends_at FROM reservations WHERE business_id = ANY (%(of)s)"
            " UNION ALL SELECT id::text, status, version, places, starts_at, ends_at FROM appointments"
            " WHERE business_id = ANY (%(of)s)",
            {"of": self.of},
        ).fetchall()
        stored = {(*row[:4], minute_of(row[4]), minute_of(row[5])) for row in rows}
        expected: set[tuple[Any, ...]] = set()
        for attacked in self.businesses:
            for hold in attacked.tenant.holds.values():
                expected.add((hold.id, hold.status, 0, hold.places, hold.start, hold.start + hold.terms.duration))
            for item in attacked.tenant.appointments.values():
                ends = item.start + item.terms.duration
                expected.add((item.id, item.status, item.version, item.places, item.start, ends))
        if stored != expected:
            raise Disagreement(f"only stored: {stored - expected}; only in the model: {expected - stored}")

    @invariant()
    def every_guarantee_holds(self) -> None:
        with through(self.operator):
            if found_broken := list(violations(self.of)):
                raise Disagreement("; ".join(found_broken))

    @invariant()
    def search_offers_what_the_model_offers(self) -> None:
        for _ in range(LOOKS):
            attacked = self.dice.choice(self.businesses)
            name = self.dice.choice(sorted(attacked.services))
            when = self.dice.choice(["10:00", "10:00", "10:30", "11:00", "11:30", "next 10:00", "past 10:00", "10:15"])
            asked = self.dice.choice([None, None, *sorted(attacked.people)])
            places = self.dice.choice([1, 1, 2, 4]) if attacked.tenant.services[name].is_group else 1
            self._compare_offers(attacked, name, self.minute(attacked, when), asked, places)

    def _compare_offers(
        self, attacked: AttackedBusiness, name: str, start: int, asked: str | None, places: int
    ) -> None:
        at = now()
        decision = attacked.tenant.judge(name, start, now=minute_of(at), person=asked, places=places)
        with acting_as(attacked.shop.public), transaction.atomic():
            day = local_day(instant(start), attacked.business.zone)
            service, person = attacked.services[name], attacked.person(asked)
            calendar = calendar_of_days(
                attacked.business, service, first=day, last=day, at=at, staff=person, places=places
            )
            slot = calendar.judge(instant(start), at=at)
        said = f"{places} of {name} at {instant(start):%d. %H:%M}Z with {asked or 'anyone'}"
        if slot.reason is not None:
            # Search says FULL of what a hold answers with SLOT_UNAVAILABLE.
            reason = {"FULL": "SLOT_UNAVAILABLE"}.get(slot.reason, str(slot.reason))
            if reason not in decision.reasons:
                raise Disagreement(
                    f"search refuses {said} as {reason}, the model {set(decision.reasons) or 'offers it'}"
                )
            return
        people, rooms = ({attacked.names[one] for one in some} for some in (slot.staff, slot.resources))
        if oracle.Decision(frozenset(), slot.remaining, frozenset(people), frozenset(rooms)) != decision:
            raise Disagreement(
                f"search offers {said}: {slot.remaining} places, {people}, {rooms}; the model says {decision}"
            )


def _segments(span: oracle.Span) -> list[tuple[Any, ...]]:
    """Return the rows of busy_times that a span should have."""
    gapless = len(span.working) == 1
    whole = (span.begins, span.ends)
    rows = [(span.id, span.service, span.person if gapless else None, None, span.places, *whole)]
    if span.person and not gapless:
        rows += [(span.id, span.service, span.person, None, 0, *part) for part in span.working]
    return [*rows, *((span.id, span.service, None, room, 0, *whole) for room in span.rooms)]


def _sharing(keys: Iterable[tuple[str, Any]]) -> dict[Any, frozenset[str]]:
    """Return by class key the sources that share it."""
    found: defaultdict[Any, set[str]] = defaultdict(set)
    for source, class_key in keys:
        found[class_key].add(source)
    return {class_key: frozenset(sources) for class_key, sources in found.items()}
