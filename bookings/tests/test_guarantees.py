"""check_guarantees is silent while everything holds, and names each thing that an intruder with all rights broke."""

import os
from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command

from bookings.guarantees import violations
from rhivo.db.promises import broken_promises
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, in_database

pytestmark = pytest.mark.django_db(transaction=True)


def found(text: str) -> list[str]:
    """Return the violations, as the worker sees them, that speak of something."""
    with as_role("worker"):
        return [line for line in violations() if text in line]


def promises_broken() -> list[str]:
    with as_role("worker"):
        return broken_promises()


@pytest.fixture
def intruder(django_db_setup: None) -> Iterator["psycopg.Connection[Any]"]:
    """A superuser on the test database, who can do what no role of ours can."""
    database = os.environ["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(in_database(os.environ["TEST_ADMIN_URL"], database), autocommit=True) as connection:
        yield connection


@pytest.fixture
def untriggered(intruder: "psycopg.Connection[Any]") -> "psycopg.Connection[Any]":
    """The intruder, with every trigger silenced."""
    intruder.execute("SET session_replication_role = replica")
    return intruder


def move_in_secret(connection: "psycopg.Connection[Any]", appointment_id: UUID, like: UUID) -> None:
    connection.execute(
        "UPDATE appointments a SET starts_at = b.starts_at, ends_at = b.ends_at FROM appointments b"
        " WHERE a.id = %s AND b.id = %s",
        [appointment_id, like],
    )


def delete(connection: "psycopg.Connection[Any]", shop: Shop) -> None:
    """Remove what was corrupted, so that the other tests' database is sound again."""
    for table in ("busy_times", "notification_logs", "appointments", "reservations"):
        connection.execute(f"DELETE FROM {table} WHERE business_id = %s", [shop.business.id])


def test_nothing_is_reported_while_everything_holds(shop: Shop) -> None:
    service = shop.service(staff=["anna", "bob"], max_simultaneous_bookings=2)
    group = shop.service("class", staff=["carla"], is_group=True, max_simultaneous_bookings=3)
    for _ in range(2):
        shop.book_by_staff(shop.at(), service)
        shop.hold(shop.at("12:00"), service)
        shop.book_by_staff(shop.at(), group)
    with shop.changes():
        service.max_simultaneous_bookings = 1
        service.save(update_fields=["max_simultaneous_bookings"])
    assert found(str(service.id)) == found(str(group.id)) == []
    assert promises_broken() == []


def test_a_database_that_was_dumped_and_restored_keeps_its_promises(
    intruder: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump tells each check as the catalogue does, and a restore reads that anew."""
    monkeypatch.setattr("rhivo.db.promises.connection", intruder)
    with intruder.transaction(force_rollback=True):
        checks = intruder.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        ).fetchall()
        for table, name, definition in checks:
            intruder.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            intruder.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        assert len(checks) > 20
        assert broken_promises() == []


def test_the_command_says_that_all_holds_or_fails(intruder: "psycopg.Connection[Any]") -> None:
    out = StringIO()
    with as_role("worker"):
        call_command("check_guarantees", stdout=out)
    assert out.getvalue() == "All guarantees hold.\n"
    intruder.execute("ALTER TABLE appointments NO FORCE ROW LEVEL SECURITY")
    try:
        with as_role("worker"), pytest.raises(CommandError, match="2 violations"):
            call_command("check_guarantees", stdout=out)
    finally:
        intruder.execute("ALTER TABLE appointments FORCE ROW LEVEL SECURITY")
    assert "NOT FORCED" in out.getvalue()


def test_an_overbooked_service_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    first, second = shop.book_by_staff(shop.at("10:00")), shop.book_by_staff(shop.at("12:00"))
    try:
        move_in_secret(untriggered, second.id, first.id)
        assert [line.split(" at ")[0] for line in found(str(shop.service().id))] == [
            f"capacity: service {shop.service().id} has 2 places taken"
        ]
    finally:
        delete(untriggered, shop)


def test_a_person_in_two_places_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    first = shop.book_by_staff(shop.at("10:00"), shop.service("cut", staff=["anna"]))
    second = shop.book_by_staff(shop.at("12:00"), shop.service("wash", staff=["anna"]))
    try:
        move_in_secret(untriggered, second.id, first.id)
        assert len(found(f"overlap: staff {shop.person('anna').id}")) == 1
    finally:
        delete(untriggered, shop)


def test_a_claim_without_its_ledger_row_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    booked, hold = shop.book_by_staff(shop.at("10:00")), shop.hold(shop.at("12:00"))
    try:
        untriggered.execute("DELETE FROM busy_times WHERE business_id = %s", [shop.business.id])
        assert [len(found(f"ledger: no true row for {one.id}")) for one in (booked, hold)] == [1, 1]
    finally:
        delete(untriggered, shop)


def test_a_ledger_row_that_tells_another_time_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    booked = shop.book_by_staff(shop.at("10:00"))
    try:
        untriggered.execute(
            "UPDATE busy_times SET during = tstzrange(lower(during), upper(during) + interval '5 minutes')"
            " WHERE source_id = %s",
            [booked.id],
        )
        assert len(found(f"ledger: no true row for {booked.id}")) == 1
    finally:
        delete(untriggered, shop)


def test_a_ledger_row_of_nothing_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    booked = shop.book_by_staff(shop.at("10:00"))
    try:
        untriggered.execute("UPDATE appointments SET status = 'canceled' WHERE id = %s", [booked.id])
        assert len(found(f"ledger: orphan row of {booked.id}")) == 1
    finally:
        delete(untriggered, shop)


def test_a_hold_committed_to_nothing_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    hold = shop.hold(shop.at("10:00"))
    try:
        untriggered.execute("UPDATE reservations SET status = 'committed' WHERE id = %s", [hold.id])
        assert len(found(f"hold: {hold.id} is committed without")) == 1
    finally:
        delete(untriggered, shop)


def test_a_change_without_history_is_found(shop: Shop, untriggered: "psycopg.Connection[Any]") -> None:
    booked = shop.book_by_staff(shop.at("10:00"))
    try:
        untriggered.execute("UPDATE appointments SET version = 2 WHERE id = %s", [booked.id])
        assert found(f"history: appointment {booked.id}") == [
            f"history: appointment {booked.id} has version 2 and 1 entries"
        ]
    finally:
        delete(untriggered, shop)


@pytest.mark.parametrize(
    ("harm", "heading"),
    [
        ("ALTER TABLE appointments NO FORCE ROW LEVEL SECURITY", "row security"),
        ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", "row security"),
        ("CREATE TABLE forgotten (business_id uuid)", "row security"),
        ("ALTER POLICY worker_reads ON appointments USING (false)", "policies"),
        ("CREATE POLICY open ON appointments TO PUBLIC USING (true)", "policies"),
        ("DROP POLICY worker_reads ON busy_times", "policies"),
        ("ALTER TABLE reservations DISABLE TRIGGER after_change", "triggers"),
        ("DROP TRIGGER after_change ON appointments", "triggers"),
        ("CREATE FUNCTION more() RETURNS int RETURN 1; ALTER FUNCTION more() OWNER TO rhivo_owner", "functions"),
        ("ALTER FUNCTION occupy_time SECURITY INVOKER", "functions"),
        ("GRANT EXECUTE ON FUNCTION occupy_time TO rhivo_app", "functions"),
        ("GRANT UPDATE ON busy_times TO rhivo_app", "grants"),
        ("GRANT SELECT ON appointments TO PUBLIC", "grants"),
        ("GRANT SELECT (email) ON users TO PUBLIC", "grants"),
        ("GRANT UPDATE (starts_at) ON reservations TO rhivo_app", "grants"),
        ("REVOKE SELECT ON busy_times FROM rhivo_app", "grants"),
        ("ALTER TABLE busy_times DROP CONSTRAINT one_staff_one_place", "constraints"),
        ("ALTER TABLE appointments DROP CONSTRAINT one_appointment_a_hold", "constraints"),
        ("ALTER ROLE rhivo_app BYPASSRLS", "roles"),
        ("GRANT rhivo_owner TO rhivo_app", "roles"),
    ],
)
def test_a_mechanism_that_was_tampered_with_is_found(
    harm: str, heading: str, intruder: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rhivo.db.promises.connection", intruder)
    with intruder.transaction(force_rollback=True):
        intruder.execute(harm)
        intruder.execute("SET LOCAL ROLE rhivo_worker")
        broken = broken_promises()
    assert broken
    assert all(line.startswith(heading) for line in broken), broken
