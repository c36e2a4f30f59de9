"""Random interleavings of everything that can be done to businesses, compared with the model after every step.

This file knows how a step is judged; what the steps are is in `machine_operations`, `machine_owners` and `machine_sql`.
"""

import os
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from bookings.guarantees import violations
from bookings.load_calendar import calendar_of_days, local_day
from rhivo.claims import Claims, acting_as, set_config_sql
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.attacks.attacked_businesses import Site, found, instant, minute_of, switch_off, usual_tenant
from rhivo.testing.database import login, raw, through
from rhivo.testing.oracles import oracle

TENANTS = st.sampled_from([0, 0, 1])
# Few places, so that most steps meet others. "first" and "last" are of those who do the service, None is anyone.
SERVICES = st.sampled_from(["chair", "chair", "class", "class", "table", "cut", "colour"])
PEOPLE = st.sampled_from([None, "first", "first", "last", "bob", "carl"])
WHENS = st.sampled_from(
    ["10:00", "10:00", "10:00", "10:30", "10:30", "11:00", "10:15", "17:30", "10:03", "next 10:00", "past 10:00"]
)
KEYS = st.sampled_from([None, None, "key-one", "key-two"])
PHONES = st.sampled_from(["+39061234567", "+39061234568"])
WHICH = st.integers(0, 7)
LOOKS = 2
"""How many random starts are compared after each step."""
_DAYS = {"past": -2, "next": 4, "": 3}


class Disagreement(AssertionError):
    """The database and the model say different things."""


class Machine(RuleBasedStateMachine):
    """Two businesses, each a tenant of the model and rows in the database."""

    steps_taken = 0
    """By all machines of this process: how much was attacked."""

    def __init__(self) -> None:
        super().__init__()
        self.sites = [
            found(usual_tenant(330, bookings_a_day=4)),
            found(usual_tenant(-420, bookings_a_day=2, cancel_hours=168, reschedule_hours=None)),
        ]
        self.of = [site.business.id for site in self.sites]
        self.today = minute_of(datetime.now(UTC)) // oracle.DAY
        self.app, self.worker = raw("app"), raw("worker")
        self.operator = login("worker")
        self.owner_is_known = "MIGRATION_DATABASE_URL" in os.environ
        self.dice = random.Random(0)

    def teardown(self) -> None:
        switch_off(self.sites)
        self.app.close()
        self.worker.close()
        self.operator.close()

    def minute(self, site: Site, when: str) -> int:
        """Return "10:00", "next 10:00" or "past 10:00" on the clock of a business as a minute."""
        day, _, clock = when.rpartition(" ")
        hours, minutes = clock.split(":")
        return (self.today + _DAYS[day]) * oracle.DAY + int(hours) * 60 + int(minutes) - site.tenant.offset

    def named(self, site: Site, service: str, person: str | None) -> str | None:
        """Return whom "first" and "last" mean; None too where nobody does the service, or is employed any more."""
        if person in ("first", "last"):
            return next(iter(sorted(site.tenant.services[service].staff, reverse=person == "last")), None)
        return person if person in site.people else None

    def find_hold(self, which: int) -> tuple[Site, oracle.Hold] | None:
        """Return a hold of either business by its number; the youngest is 0."""
        known = [(site, hold) for site in self.sites for hold in site.tenant.holds.values()]
        return known[-1 - which % len(known)] if known else None

    def find_appointment(self, which: int) -> tuple[Site, oracle.Appointment] | None:
        known = [(site, item) for site in self.sites for item in site.tenant.appointments.values()]
        return known[-1 - which % len(known)] if known else None

    def find_claim(self, which: int) -> tuple[Site, oracle.Claim] | None:
        """Return a hold or an appointment, whatever has become of it."""
        claims = [self.find_hold(which // 2), self.find_appointment(which // 2)]
        return claims[which % 2] or claims[1 - which % 2]

    def judged(self, expected: set[str] | frozenset[str], got: str) -> bool:
        """Tell whether a step was accepted; raise Disagreement unless that, or one of the refusals, was expected.

        Nothing expected means acceptance; '' among refusals means that it would be right too.
        """
        if got not in (expected or {""}):
            wanted = " or ".join(sorted(name or "acceptance" for name in expected or {""}))
            raise Disagreement(f"the model expects {wanted}, the database gave {got or 'acceptance'}")
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
    def the_ledger_is_what_the_model_says(self) -> None:
        Machine.steps_taken += 1
        rows: list[tuple[Any, ...]] = self.worker.execute(
            "SELECT source_id::text, service_id, staff_id, lower(during), upper(during), class_key FROM busy_times"
            " WHERE business_id = ANY (%s) AND (expires_at IS NULL OR expires_at > clock_timestamp())",
            [self.of],
        ).fetchall()
        names = {key: name for site in self.sites for key, name in site.names.items()}
        taken = {
            (source, names[service], names.get(person), minute_of(begins), minute_of(ends), _sharing(rows, session))
            for source, service, person, begins, ends, session in rows
        }
        claims = [claim for site in self.sites for claim in site.tenant.live()]
        sessions = [(c.id, c.session) for c in claims]
        expected = {(c.id, c.service, c.person, c.begins, c.ends, _sharing(sessions, c.session)) for c in claims}
        if taken != expected or len(rows) != len(claims):
            raise Disagreement(f"only in the ledger: {taken - expected}; only in the model: {expected - taken}")

    @invariant()
    def every_row_is_what_the_model_says(self) -> None:
        rows: list[tuple[Any, ...]] = self.worker.execute(
            "SELECT id::text, status, 0, starts_at, ends_at FROM reservations WHERE business_id = ANY (%(of)s)"
            " UNION ALL SELECT id::text, status, version, starts_at, ends_at FROM appointments"
            " WHERE business_id = ANY (%(of)s)",
            {"of": self.of},
        ).fetchall()
        stored = {(row[0], row[1], row[2], minute_of(row[3]), minute_of(row[4])) for row in rows}
        expected: set[tuple[Any, ...]] = set()
        for site in self.sites:
            for hold in site.tenant.holds.values():
                expected.add((hold.id, hold.status, 0, hold.start, hold.start + hold.terms.duration))
            for item in site.tenant.appointments.values():
                expected.add((item.id, item.status, item.version, item.start, item.start + item.terms.duration))
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
            site = self.dice.choice(self.sites)
            name = self.dice.choice(sorted(site.services))
            when = self.dice.choice(["10:00", "10:00", "10:30", "11:00", "11:30", "next 10:00", "past 10:00", "10:15"])
            asked = self.dice.choice([None, None, *sorted(site.people)])
            self._compare_offers(site, name, self.minute(site, when), asked)

    def _compare_offers(self, site: Site, name: str, start: int, asked: str | None) -> None:
        at = now()
        offer = site.tenant.judge(name, start, now=minute_of(at), person=asked)
        with acting_as(site.shop.public), transaction.atomic():
            day = local_day(instant(start), site.business.zone)
            service, person = site.services[name], site.person(asked)
            calendar = calendar_of_days(site.business, service, first=day, last=day, at=at, staff=person)
            slot = calendar.judge(instant(start), at=at)
        said = f"{name} at {instant(start):%d. %H:%M}Z with {asked or 'anyone'}"
        if slot.reason is not None:
            reason = {"FULL": "SLOT_UNAVAILABLE"}.get(slot.reason, str(slot.reason))
            if reason not in offer.reasons:
                raise Disagreement(f"search refuses {said} as {reason}, the model {set(offer.reasons) or 'offers it'}")
        elif (set(), slot.remaining, {site.names[who] for who in slot.staff}) != (
            set(offer.reasons),
            offer.places,
            set(offer.people),
        ):
            people = {site.names[who] for who in slot.staff}
            raise Disagreement(f"search offers {said}: {slot.remaining} places, {people}; the model says {offer}")


def _sharing(rows: Iterable[Sequence[Any]], session: Any) -> frozenset[str]:
    """Return the sources that share a session: first column and last column of rows."""
    return frozenset(row[0] for row in rows if row[-1] == session)
