"""Deadlocks and isolation levels: writers who lock the same things in opposite orders, at every level there is.

Each act may win, be refused because the place is taken, or be told to try again; it must end, and nothing may be taken
twice.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import connections, transaction

from bookings import operations
from bookings.contact import Contact
from bookings.guarantees import violations
from bookings.models import Appointment
from bookings.rules.reasons import Override
from rhivo.claims import Claims, acting_as, set_config_sql
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, founded, instant, minute_of, usual_tenant
from rhivo.testing.attacks.attacked_installation import Installation
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.model_check.machine_sql import INSERT_HOLD
from rhivo.testing.database import as_role, raw
from rhivo.testing.oracles import oracle

LANES = 12
ENDS_WITHIN = 60
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
# How an act may end. 40001 is a serialization failure, 40P01 a deadlock, 55P03 a lock that was not had in time: all
# three mean that the client tries again.
RIGHT = frozenset(
    {"done", "SLOT_UNAVAILABLE", "VERSION_CONFLICT", "ILLEGAL_TRANSITION", "BUSY", "40001", "40P01", "55P03"}
    | {
        "occupancy_needs_read_committed",
        "service_capacity",
        "one_staff_one_place",
        "staff_capacity",
        "one_staff_a_class",
    }
    | {"one_resource_one_use", "resource_capacity", "one_room_a_class"}
)
CALLER = Contact("Caller", "", "+39067654321")
# From each of them every service is over before the break.
CLOCKS = (540, 600, 660, 690)


class Lane:
    """One writer with its own connections, which goes on until told to stop."""

    def __init__(self, attacked: AttackedBusiness, today: int, seed: int, pairs: list[tuple[str, str]]) -> None:
        self.attacked = attacked
        self.day = (today + 3) * oracle.DAY - attacked.tenant.offset
        self.dice = random.Random(seed)
        self.pairs = pairs
        self.outcomes: Counter[str] = Counter()

    def run(self, over: threading.Event) -> None:
        acts = [self.swap, self.swap, self.book_several, self.join_a_class, self.resize]
        acts += [self.hold_raw, self.hold_at_level]
        while not over.is_set():
            outcome = _outcome(self.dice.choice(acts))
            self.outcomes[outcome] += 1
        connections["default"].close()

    def start(self) -> int:
        return self.day + self.dice.choice(CLOCKS)

    @property
    def staff(self) -> Claims:
        return self.attacked.shop.employees

    def swap(self) -> None:
        """Reschedule a booking to the time, service and person of another, while another lane reschedules that one."""
        ids = list(self.dice.choice(self.pairs))
        # In either order, so that two lanes lock the same pair from both ends.
        self.dice.shuffle(ids)
        with acting_as(self.staff), transaction.atomic():
            mine, other = (Appointment.objects.select_related("service", "staff", "business").get(pk=i) for i in ids)
        with acting_as(self.staff):
            operations.reschedule_appointment(
                appointment=mine,
                # Mostly to where the other is: that is free only if the other leaves in the same moment.
                start=other.starts_at if self.dice.random() < 0.7 else instant(self.start()),
                version=mine.version,
                at=now(),
                service=other.service,
                staff=other.staff,
            )

    def book_several(self) -> None:
        """Book several services that share people and rooms in one transaction, in any order: each of them, or none."""
        wanted: list[tuple[str, str | None]] = [
            ("cut", "anna"),
            ("cut", "bob"),
            ("colour", "bob"),
            ("class", "anna"),
            ("class", "carl"),
        ]
        wanted += [("table", None), ("chair", None), ("bath", None), ("bath", None)]
        chosen = self.dice.sample(wanted, 3)
        with acting_as(self.staff), transaction.atomic():
            made = [_booked(self.attacked, service, person, self.start()) for service, person in chosen]
        for appointment in made:
            with acting_as(self.staff):
                operations.cancel_appointment(appointment=appointment, version=1, at=now())

    def join_a_class(self) -> None:
        with acting_as(self.staff):
            booked = _booked(self.attacked, "class", None, self.start(), places=self.dice.randint(1, 3))
            operations.cancel_appointment(appointment=booked, version=1, at=now())

    def resize(self) -> None:
        """Set the capacity of a service, a person or a room; a service may be without one."""
        attacked = self.attacked
        table, row, most = self.dice.choice(
            [
                *(("services", attacked.services[name], 5) for name in ("table", "class", "cut")),
                *(("staff", attacked.people[name], 2) for name in ("anna", "bob")),
                *(("resources", attacked.rooms[name], 2) for name in ("cabin", "hall", "tub")),
            ]
        )
        # Capacity may fall below what is booked: that takes nothing away, and nothing more is given.
        capacity = None if row is attacked.services["cut"] else self.dice.randint(1, most)
        with raw("app") as app, app.transaction():
            app.execute(set_config_sql(attacked.shop.owners))
            app.execute(f"UPDATE {table} SET max_simultaneous_bookings = %s WHERE id = %s", [capacity, row.pk])

    def hold_raw(self) -> None:
        """Hold in bare SQL, after a read that fixes the snapshot; above READ COMMITTED that must be refused."""
        level, name = self.dice.choice(LEVELS), self.dice.choice(("chair", "table", "bath"))
        # In either order: the database locks them by id.
        rooms = self.dice.sample([self.dice.choice(("cabin", "hall")), "tub"], 2) if name == "bath" else []
        with raw("app") as app:
            app.execute(f"BEGIN ISOLATION LEVEL {level}")
            app.execute(set_config_sql(self.attacked.shop.public))
            # The first query of a transaction fixes its snapshot above READ COMMITTED: what is booked from now on is
            # not seen.
            app.execute("SELECT count(*) FROM busy_times")
            made, service, resources = uuid4(), self.attacked.services[name], self.attacked.resource_ids(rooms)
            values = [made, self.attacked.business.id, service.id, None, resources, 1, instant(self.start()), 600]
            app.execute(INSERT_HOLD, values)
            app.execute("COMMIT")
            if level != "READ COMMITTED":
                raise AssertionError(f"time was occupied at {level}")
            self._release(made)

    def hold_at_level(self) -> None:
        """Hold through the operations on a connection whose transactions are stricter: it must be told to try again."""
        level = self.dice.choice(LEVELS[1:])
        with _django_at(level), acting_as(self.attacked.shop.public):
            operations.hold_slot(
                business=self.attacked.business,
                service=self.attacked.services[self.dice.choice(("table", "bath"))],
                start=instant(self.start()),
                key=uuid4().hex,
                at=now(),
            )
        raise AssertionError(f"time was occupied at {level} through Django")

    def _release(self, hold: UUID) -> None:
        with raw("app") as app, app.transaction():
            app.execute(set_config_sql(self.attacked.shop.public.with_(reservation_id=hold)))
            app.execute("UPDATE reservations SET status = 'released' WHERE id = %s", [hold])


def _booked(
    attacked: AttackedBusiness, service: str, person: str | None, start: int, *, places: int = 1
) -> Appointment:
    return operations.book_for_customer(
        business=attacked.business,
        service=attacked.services[service],
        start=instant(start),
        staff=attacked.person(person),
        places=places,
        contact=CALLER,
        key=uuid4().hex,
        at=now(),
        overrides=[Override.HOURS],
    ).appointment


def _outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except RhivoError as refusal:
        return refusal.code
    except psycopg.Error as error:
        return error.diag.constraint_name or str(error.sqlstate)
    except Exception as error:  # noqa: BLE001 - whatever it is, the table must show it
        return f"{type(error).__name__}: {error}"[:300]
    return "done"


@contextmanager
def _django_at(level: str) -> Iterator[None]:
    """Use a connection of this thread's whose transactions are at an isolation level by default."""
    former = connections["default"]
    options = former.settings_dict["OPTIONS"]
    # The options of a connection are split at spaces; a backslash keeps the one in `repeatable read`.
    setting = f"-c default_transaction_isolation={level.lower().replace(' ', chr(92) + ' ')}"
    wrapper = type(former)(former.settings_dict | {"OPTIONS": {**options, "options": setting}}, alias="default")
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = former


def attack(installation: Installation, seed: int, seconds: float) -> list[Finding]:
    """Let the lanes run for some seconds; report what broke, what never ended, and how many deadlocks there were."""
    before = _deadlocks()
    with founded(usual_tenant(330)) as (attacked,):
        today = minute_of(datetime.now(UTC)) // oracle.DAY
        pairs = _pairs(attacked, today)
        lanes = [Lane(attacked, today, seed * 100 + n, pairs) for n in range(LANES)]
        hanging = _run(lanes, seconds)
        left_open = _left_open()
        with as_role("worker"):
            broken = list(violations([attacked.business.id]))
    outcomes = sum((lane.outcomes for lane in lanes), Counter[str]())
    odd = [f"{count} × {outcome}" for outcome, count in outcomes.items() if outcome not in RIGHT]
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    deadlocks = f"PostgreSQL resolved {_deadlocks() - before} deadlocks; {told}"
    return [
        Finding(
            "swaps and opposite lock orders at every isolation level: nothing is taken twice",
            outcomes.total(),
            "transactions",
            broken,
            note=deadlocks,
        ),
        Finding(
            "swaps and opposite lock orders at every isolation level: each act ends, at worst with a retry or BUSY",
            outcomes.total(),
            "transactions",
            [*odd, *hanging, *left_open],
        ),
    ]


def _pairs(attacked: AttackedBusiness, today: int) -> list[tuple[str, str]]:
    """Book appointments in services that share people or rooms; return the pairs of them that are to be swapped."""
    pairs: list[tuple[str, str]] = []
    for day in (4, 5):
        start = (today + day) * oracle.DAY - attacked.tenant.offset + CLOCKS[0]
        wanted = [("cut", "bob", 0), ("colour", "bob", 120), ("cut", "anna", 300), ("bath", None, 0)]
        with acting_as(attacked.shop.employees):
            ids = [
                str(_booked(attacked, service, person, start + later).id)
                for service, person, later in [*wanted, ("class", "carl", 120)]
            ]
        pairs += [(ids[0], ids[1]), (ids[1], ids[2]), (ids[0], ids[2]), (ids[3], ids[4])]
    return pairs


def _run(lanes: list[Lane], seconds: float) -> list[str]:
    """Run every lane in a thread; return a line for each that does not end."""
    over = threading.Event()
    threads = [threading.Thread(target=lane.run, args=(over,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    try:
        time.sleep(seconds)
    finally:
        over.set()
    # One deadline for all lanes together, and daemon threads: a hanging one must not keep the attack from telling it.
    patience = time.monotonic() + ENDS_WITHIN
    for thread in threads:
        thread.join(max(patience - time.monotonic(), 0))
    return [f"lane {n} hangs" for n, thread in enumerate(threads) if thread.is_alive()]


def _left_open() -> list[str]:
    """Return a line for each transaction of the web role that somebody forgot: none of ours is idle so long."""
    with raw("app") as app:
        rows = app.execute(
            "SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND usename = session_user"
            " AND state LIKE 'idle in transaction%%' AND state_change < clock_timestamp() - interval '5 s'",
            [],
        ).fetchall()
    return [f"connection {pid} is idle in a transaction after {query}" for pid, query in rows]


def _deadlocks() -> int:
    with raw("worker") as worker:
        row = worker.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(str(row[0]))
