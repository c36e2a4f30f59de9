"""Whoever writes, and however many at once: one place is given once. Real processes, as rhivo_app."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from bookings import operations
from bookings.guarantees import violations
from bookings.models import Appointment, BusyTime
from rhivo.claims import Claims, acting_as, set_config_sql
from rhivo.clock import now
from rhivo.local.processes import wait_until
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, raw
from rhivo.testing.race import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def live_claims(shop: Shop) -> int:
    with acting_as(shop.public), transaction.atomic():
        return BusyTime.objects.filter(business_id=shop.business.id).count()


def test_a_hundred_holds_on_one_place_give_exactly_one(shop: Shop) -> None:
    service, start = shop.service(), shop.at("10:00")
    outcomes = race(100, lambda _: shop.hold(start, service) and "held")
    assert outcomes == {"held": 1, "SLOT_UNAVAILABLE": 99}
    assert live_claims(shop) == 1


def test_two_hundred_holds_on_five_places_give_exactly_five(shop: Shop) -> None:
    service, start = shop.service("class", max_simultaneous_bookings=5), shop.at("10:00")
    outcomes = race(200, lambda _: shop.hold(start, service) and "held")
    assert outcomes == {"held": 5, "SLOT_UNAVAILABLE": 195}
    assert live_claims(shop) == 5


def test_holds_race_for_one_person_across_services(shop: Shop) -> None:
    services = [shop.service(f"s{n}", staff=["anna"], max_simultaneous_bookings=9) for n in range(4)]
    start = shop.at("10:00")
    outcomes = race(40, lambda n: shop.hold(start, services[n % 4]) and "held")
    assert outcomes == {"held": 1, "SLOT_UNAVAILABLE": 39}


def test_staggered_starts_that_all_overlap_give_exactly_one(shops: Callable[..., Shop]) -> None:
    shop = shops(slot_interval_minutes=5)
    service = shop.service(duration_minutes=60)
    for round_ in range(50):
        first = shop.at("09:00", days=2 + round_)
        starts = [first + timedelta(minutes=5 * n) for n in range(12)]
        outcomes = race(12, lambda n, starts=starts: shop.hold(starts[n], service) and "held")  # type: ignore[misc]
        assert outcomes == {"held": 1, "SLOT_UNAVAILABLE": 11}, f"round {round_}"


def test_one_hold_committed_twenty_times_is_one_appointment(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    outcomes = race(20, lambda n: shop.commit(hold, key=f"key-number-{n}").appointment.reference)
    assert list(outcomes.values()) == [20]
    with acting_as(shop.employees), transaction.atomic():
        appointment = Appointment.objects.get(business=shop.business)
    assert counts_of(shop, appointment) == (1, 1, 1)


def counts_of(shop: Shop, appointment: Appointment) -> tuple[int, int, int]:
    """Return how many claims on time, audit entries and messages an appointment has."""
    with raw("owner") as owner:
        return tuple(  # type: ignore[return-value]
            owner.execute(query, [str(appointment.id)]).fetchone()[0]  # type: ignore[index]
            for query in (
                "SELECT count(*) FROM busy_times WHERE source_id = %s::uuid",
                "SELECT count(*) FROM audit_logs WHERE entity_id = %s::uuid",
                "SELECT count(*) FROM notification_logs WHERE context->>'appointment_id' = %s",
            )
        )


def test_one_key_sent_twenty_times_at_once_is_one_hold(shop: Shop) -> None:
    service, start = shop.service(max_simultaneous_bookings=20), shop.at("10:00")
    outcomes = race(20, lambda _: shop.hold(start, service, key="the-same-key").id)
    assert list(outcomes.values()) == [20]
    assert live_claims(shop) == 1


def test_every_way_of_booking_races_for_one_place_and_one_wins(shop: Shop) -> None:
    service, start = shop.service(), shop.at("10:00")
    elsewhere = shop.book(shop.at("12:00"), service)

    def attempt(n: int) -> str:
        match n % 4:
            case 0:
                shop.commit(shop.hold(start, service))
            case 1:
                shop.book_by_staff(start, service)
            case 2:
                with acting_as(shop.employees):
                    operations.reschedule_appointment(appointment=elsewhere, start=start, version=1, at=now())
            case _:
                insert_appointment(shop, start)
        return "won"

    outcomes = race(24, attempt)
    assert outcomes["won"] == 1
    assert set(outcomes) <= {"won", "SLOT_UNAVAILABLE", "VERSION_CONFLICT", "RuntimeError: refused by service_capacity"}
    with acting_as(shop.employees), transaction.atomic():
        assert Appointment.objects.filter(business=shop.business, starts_at=start).count() == 1


def insert_appointment(shop: Shop, start: object, *, claims: Claims | None = None) -> None:
    """Insert with bare SQL as rhivo_app, as someone would who knows nothing of our code."""
    try:
        with raw("app") as app, app.transaction():
            app.execute(set_config_sql(claims or shop.employees))
            app.execute(
                "INSERT INTO appointments (id, business_id, service_id, starts_at, status, version, customer_name,"
                " customer_email, customer_phone, notes, answers, cancellation_token_hash, overrides,"
                " request_fingerprint) VALUES (%s, %s, %s, %s, 'confirmed', 1, 'Raw', '', '', '', '{}', '', '[]', '')",
                [uuid4(), shop.business.id, shop.service().id, start],
            )
    except psycopg.Error as error:
        raise RuntimeError(f"refused by {error.diag.constraint_name or error.sqlstate}") from error


def test_a_public_visitor_with_bare_sql_cannot_fill_a_full_slot(shop: Shop) -> None:
    start = shop.at("10:00")
    shop.hold(start)
    with raw("app") as app, pytest.raises(psycopg.errors.ExclusionViolation) as refusal, app.transaction():
        app.execute(set_config_sql(shop.public))
        app.execute(
            "INSERT INTO reservations (id, business_id, service_id, starts_at, visitor, status, request_fingerprint)"
            " VALUES (%s, %s, %s, %s, '', 'held', '')",
            [uuid4(), shop.business.id, shop.service().id, start],
        )
    assert refusal.value.diag.constraint_name == "service_capacity"
    assert live_claims(shop) == 1


def test_capacity_needs_read_committed_and_refuses_otherwise(shop: Shop) -> None:
    shop.service()
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        with raw("app") as app, pytest.raises(psycopg.errors.SerializationFailure):
            app.execute(f"BEGIN ISOLATION LEVEL {level}")
            app.execute(set_config_sql(shop.public))
            app.execute(
                "INSERT INTO reservations (id, business_id, service_id, starts_at, visitor, status,"
                " request_fingerprint) VALUES (%s, %s, %s, %s, '', 'held', '')",
                [uuid4(), shop.business.id, shop.service().id, shop.at()],
            )


def test_two_appointments_that_swap_places_never_share_one(shop: Shop) -> None:
    first, second = shop.at("10:00"), shop.at("11:00")
    a, b = shop.book(first), shop.book(second)

    def swap(n: int) -> str:
        with acting_as(shop.employees):
            rescheduled, to = (a, second) if n else (b, first)
            operations.reschedule_appointment(appointment=rescheduled, start=to, version=1, at=now())
        return "rescheduled"

    assert race(2, swap) == {"SLOT_UNAVAILABLE": 2}


def test_reschedules_into_one_free_place_give_exactly_one(shop: Shop) -> None:
    booked = [shop.book_by_staff(shop.at(f"{hour:02}:00")) for hour in range(9, 17)]
    free = shop.at("18:00")

    def reschedule(n: int) -> str:
        with acting_as(shop.employees):
            operations.reschedule_appointment(appointment=booked[n], start=free, version=1, at=now())
        return "rescheduled"

    assert race(8, reschedule) == {"rescheduled": 1, "SLOT_UNAVAILABLE": 7}
    assert live_claims(shop) == 8


def test_who_waits_for_another_to_reschedule_to_another_service_hears_of_it(shop: Shop) -> None:
    colour = shop.service("colour", staff=["anna"], max_simultaneous_bookings=9)
    cut = shop.service("cut", staff=["bob"], max_simultaneous_bookings=9)

    def change(n: int) -> str:
        with acting_as(shop.employees):
            if n % 2:
                operations.reschedule_appointment(
                    appointment=booked, start=booked.starts_at, version=1, at=now(), service=cut, staff=None
                )
            else:
                operations.cancel_appointment(appointment=booked, version=1, at=now())
        return "changed"

    for hour in range(9, 17):
        booked = shop.book_by_staff(shop.at(f"{hour:02}:00"), colour)
        outcomes = race(12, change)
        assert set(outcomes) <= {"changed", "VERSION_CONFLICT"}, outcomes


@pytest.fixture(params=["the names of triggers", "other names", "other names in reverse"])
def names_of_triggers(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[None]:
    """Give every trigger another name, in the same order or in reverse: PostgreSQL fires them by name."""
    with raw("owner") as owner:
        query = "SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2, 1"
        triggers: list[Any] = owner.execute(query).fetchall() if request.param != "the names of triggers" else []
        order = triggers[::-1] if request.param == "other names in reverse" else triggers
        renamed = [(table, name, f"renamed_{n:03}") for n, (table, name) in enumerate(order)]
        for table, name, other in renamed:
            owner.execute(f"ALTER TRIGGER {name} ON {table} RENAME TO {other}")
        yield
        for table, name, other in renamed:
            owner.execute(f"ALTER TRIGGER {other} ON {table} RENAME TO {name}")


@pytest.mark.parametrize("way", ["held", "booked", "rescheduled"])
def test_a_claim_that_waited_for_a_change_of_its_service_is_taken_on_the_new_terms(
    shop: Shop, way: str, names_of_triggers: None
) -> None:
    service, start = shop.service(max_simultaneous_bookings=1), shop.at("10:00")
    shop.hold(start, service)
    elsewhere = shop.book(shop.at("12:00"), service)
    act = {
        "held": lambda: hold_bare(shop, start),
        "booked": lambda: insert_appointment(shop, start),
        "rescheduled": lambda: reschedule_bare(shop, elsewhere, start),
    }[way]
    with raw("app") as owner, owner.transaction():
        owner.execute(set_config_sql(shop.owners))
        owner.execute("UPDATE services SET max_simultaneous_bookings = 2 WHERE id = %s", [service.id])
        waiting = threading.Thread(target=act)
        waiting.start()
        assert wait_until(somebody_waits_for_a_lock, seconds=10)
    waiting.join()
    table = "reservations" if way == "held" else "appointments"
    with raw("owner") as sees_all:
        query = f"SELECT service_capacity FROM {table} WHERE business_id = %s AND starts_at = %s"
        assert (2,) in sees_all.execute(query, [shop.business.id, start]).fetchall()
    with as_role("worker"):
        assert list(violations([shop.business.id])) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM rows_unlike_history(%s)", [shop.business.id])
            assert cursor.fetchall() == []


def hold_bare(shop: Shop, start: object) -> None:
    with raw("app") as app, app.transaction():
        app.execute(set_config_sql(shop.public))
        app.execute(
            "INSERT INTO reservations (id, business_id, service_id, starts_at, visitor, status, request_fingerprint,"
            " expires_at) VALUES (%s, %s, %s, %s, '', 'held', '', now() + interval '1 hour')",
            [uuid4(), shop.business.id, shop.service().id, start],
        )


def reschedule_bare(shop: Shop, booked: Appointment, start: object) -> None:
    with raw("app") as app, app.transaction():
        app.execute(set_config_sql(shop.employees))
        app.execute("UPDATE appointments SET starts_at = %s WHERE id = %s", [start, booked.id])


def somebody_waits_for_a_lock() -> bool:
    with raw("app") as app:
        query = (
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = session_user"
            " AND datname = current_database()"
        )
        return app.execute(query).fetchone() is not None


def test_the_limit_of_live_holds_is_true_in_parallel(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=50)
    outcomes = race(20, lambda n: shop.hold(shop.at("10:00"), service, visitor="v" * 64) and "held")
    assert outcomes == {"held": 5, "THROTTLED": 15}


def test_the_limit_per_customer_and_day_is_true_in_parallel(shops: Callable[..., Shop]) -> None:
    shop = shops(max_per_customer_per_day=2)
    service = shop.service(max_simultaneous_bookings=50)
    holds = [shop.hold(shop.at("10:00"), service) for _ in range(40)]
    assert race(40, lambda n: shop.commit(holds[n]) and "booked") == {"booked": 2, "LIMIT_REACHED": 38}


def test_releasing_expired_holds_while_they_are_taken_over_loses_nothing(shop: Shop) -> None:
    service, start = shop.service(), shop.at("10:00")
    shop.hold(start, service, at=now() - timedelta(minutes=9, seconds=58))

    def attempt(n: int) -> str:
        if n % 5 == 0:
            with as_role("worker"):
                operations.release_expired(at=now())
            return "cleaned"
        return shop.hold(start, service) and "held"  # type: ignore[return-value]

    connection.close()
    outcomes = race(20, attempt)
    assert outcomes["cleaned"] == 4
    assert outcomes["held"] <= 1
