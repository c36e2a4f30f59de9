"""The same transactions without Rhivo's Python: what the database alone takes.

BEGIN with the claims, the statements that the operation cannot do without, COMMIT. One psycopg connection a client.
"""

import hashlib
import multiprocessing
import random
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.installation import Installation, Place
from benchmarks.load import Measured

ZONE = ZoneInfo("Europe/Rome")
# Written again here, not imported: a statement that an operation gains is meant to show as a difference. What a trigger
# fills in is left to it, as the operations leave it.
_SEARCH = """
    SELECT service_id, staff_id, class_key, begins, ends
    FROM live_occupancy(%s, %s, %s, '{}', tstzrange(%s, %s), %s, NULL)"""
_HOLD = """
    INSERT INTO reservations (id, business_id, service_id, staff_id, visitor, status, starts_at, expires_at,
                              idempotency_key, request_fingerprint)
    VALUES (%s, %s, %s, %s, '', 'held', %s, now() + interval '30 minutes', %s, %s)
    RETURNING ends_at, service_name, price_cents, currency, expires_at"""
_COMMIT = """
    INSERT INTO appointments (id, business_id, service_id, staff_id, reservation_id, starts_at, status, version,
                              customer_name, customer_email, customer_phone, notes, answers, overrides,
                              cancellation_token_hash, idempotency_key, request_fingerprint)
    VALUES (%s, %s, %s, %s, %s, %s, 'confirmed', 1, 'Ada', %s, '', '', '{}', '[]', %s, %s, %s)
    RETURNING reference, ends_at"""
_ENQUEUE = """
    INSERT INTO notification_logs (id, business_id, dedupe_key, channel, template, recipient, locale, context, status,
                                   attempts, due_at, last_error, created_at)
    VALUES (%s, %s, %s, 'email', 'appointment_confirmed', %s, 'en',
            jsonb_build_object('appointment_id', %s::text, 'manage_token_of', ''), 'pending', 0, now(), '', now())"""


class _Client:
    def __init__(self, at: Installation, places: Iterator[Place]) -> None:
        # Autocommit: psycopg would send a BEGIN of its own, and ours brings the claims along in the same message. As
        # `rhivo_app`, because the superuser would skip row security and pay nothing for it.
        self._connection = psycopg.connect(at.app_url, autocommit=True)
        self._places = places
        self._staff: dict[str, list[str]] = {}
        for place in at.free:
            known = self._staff.setdefault(place.business_id, [])
            if len(known) < 10 and place.staff_id not in known:
                known.append(place.staff_id)
        self._somewhere = at.free

    def run(self, name: str) -> None:
        {
            "floor": self._floor,
            "slots 1 day": lambda: self._slots(days=1),
            "slots 31 days": lambda: self._slots(days=31),
            "hold": self._hold,
            "hold + commit": self._hold_and_commit,
        }[name]()

    def _floor(self) -> None:
        self._begin()
        self._connection.execute("SELECT 1").fetchone()
        self._connection.execute("COMMIT")

    def _slots(self, *, days: int) -> None:
        place = random.choice(self._somewhere)
        first = date.today() + timedelta(days=random.randint(2, 61 - days))  # noqa: DTZ011 - any day will do
        begins = datetime.combine(first, datetime.min.time(), ZONE)
        self._begin(place.business_id)
        staff = self._staff[place.business_id]
        ends = begins + timedelta(days=days)
        self._connection.execute(
            _SEARCH, [place.business_id, place.service_id, staff, begins, ends, datetime.now(ZONE)]
        ).fetchall()
        self._connection.execute("COMMIT")

    def _hold(self) -> tuple[Place, str]:
        place, hold, key = next(self._places), str(uuid4()), str(uuid4())
        self._begin(place.business_id, hold)
        self._connection.execute("SELECT id FROM hold_of_key(%s, %s)", [place.business_id, key]).fetchone()
        self._connection.execute(
            _HOLD, [hold, place.business_id, place.service_id, place.staff_id, place.starts_at, key, key]
        ).fetchone()
        self._connection.execute("COMMIT")
        return place, hold

    def _hold_and_commit(self) -> None:
        place, hold = self._hold()
        key, made, email = str(uuid4()), str(uuid4()), f"{uuid4()}@example.com"
        token = hashlib.sha256(hold.encode()).hexdigest()
        execute = self._connection.execute
        self._begin(place.business_id, hold, token)
        execute("SELECT id FROM appointment_of_key(%s, %s)", [place.business_id, key]).fetchone()
        execute("SELECT status, expires_at FROM reservations WHERE id = %s FOR UPDATE", [hold]).fetchone()
        day = datetime.combine(place.starts_at.astimezone(ZONE).date(), datetime.min.time(), ZONE)
        execute(
            "SELECT that_day, upcoming FROM bookings_of_customer(%s, NULL, %s, '', tstzrange(%s, %s), NULL)",
            [place.business_id, email, day, day + timedelta(days=1)],
        ).fetchone()
        ids = [made, place.business_id, place.service_id, place.staff_id, hold]
        execute(_COMMIT, [*ids, place.starts_at, email, token, key, key]).fetchone()
        execute(_ENQUEUE, [str(uuid4()), place.business_id, f"{made} confirmed 1", email, made])
        execute("COMMIT")

    def _begin(self, business_id: str = "", hold: str = "", token: str = "") -> None:
        # Without parameters: two statements in one message are possible in the simple protocol alone.
        self._connection.execute(
            f"BEGIN; SELECT set_config('rhivo.business_id', '{business_id}', true),"
            f" set_config('rhivo.user_id', '', true), set_config('rhivo.role', '', true),"
            f" set_config('rhivo.cancellation_token', '{token}', true),"
            f" set_config('rhivo.reservation_id', '{hold}', true), set_config('rhivo.request_id', '', true)"
        )


def measure(at: Installation, name: str, *, clients: int, seconds: float, warm_up: float) -> Measured:
    """Let so many processes work for some seconds, after a warm-up that is not counted."""
    # Processes, because threads would wait for each other's Python. Forked, because `spawn` would pickle all free
    # places for each; no connection is open yet that a child could inherit.
    fork = multiprocessing.get_context("fork")
    done: multiprocessing.Queue[list[float]] = fork.Queue()
    counted_from = time.perf_counter() + 0.2 + warm_up

    def work(number: int) -> None:
        # Each client takes every n-th place: two that held the same one would measure a refusal.
        client = _Client(at, islice(at.free, number, None, clients))
        done.put(_latencies(lambda: client.run(name), counted_from, counted_from + seconds))

    workers = [fork.Process(target=work, args=(number,)) for number in range(clients)]
    for worker in workers:
        worker.start()
    found = Measured(seconds)
    # Read before the join: a process does not end while its answer waits in the queue's pipe.
    for _ in workers:
        found.latencies += done.get(timeout=seconds + 20)
    for worker in workers:
        worker.join()
    return found


def _latencies(unit: Callable[[], None], counted_from: float, until: float) -> list[float]:
    found = []
    while (began := time.perf_counter()) < until:
        unit()
        ended = time.perf_counter()
        if counted_from < ended <= until:
            found.append(ended - began)
    return found
