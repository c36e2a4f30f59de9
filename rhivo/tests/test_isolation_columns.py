"""Which columns a login may set, and that nobody forges what was agreed, the ledger, versions or history."""

from typing import Any
from uuid import uuid4

import pytest

from rhivo.claims import Claims
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.sql_attacker import DENIED, VISITORS, Connection, attempt, claims_of, refused_by, tenant_tables
from rhivo.testing.tenant_rows import declaring

pytestmark = pytest.mark.django_db

EVERYTHING = {"*"}
# What an owner edits: policies alone keep business_id in place there.
OWNERS = dict.fromkeys(declaring("edited_by", "owner"), EVERYTHING)
APP_UPDATES = OWNERS | {
    "users": {"name", "phone", "password", "email_verified_at"},
    "reservations": {"status"},
    "appointments": {"service_id", "staff_id", "resource_ids", "starts_at", "status", "version", "notes", "overrides"},
    "django_session": EVERYTHING,
}
WORKER_UPDATES = APP_UPDATES | {"notification_logs": {"status", "attempts", "due_at", "sent_at", "last_error"}}
UPDATABLE = """
    SELECT c.relname, array_agg(attname::text), bool_and(has_column_privilege(%(role)s, c.oid, attnum, 'UPDATE'))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND has_any_column_privilege(%(role)s, c.oid, 'UPDATE') GROUP BY 1
"""
AGREED = (
    *("business_id", "customer_id", "reservation_id", "reference", "created_at", "ends_at"),
    *("customer_name", "customer_email", "customer_phone", "answers", "price_cents", "currency", "service_name"),
    *("visit_id", "part", "joined_before", "joined_after", "places", "processing_after_minutes", "processing_minutes"),
    *("service_capacity", "buffer_before_minutes", "buffer_after_minutes", "allows_cancellation"),
    *("cancellation_deadline_hours", "allows_rescheduling", "reschedule_deadline_hours"),
    *("cancellation_token_hash", "idempotency_key", "request_fingerprint", "id"),
)


@pytest.mark.parametrize(("role", "expected"), [("rhivo_app", APP_UPDATES), ("rhivo_worker", WORKER_UPDATES)])
def test_a_login_may_update_these_columns_and_no_others(
    role: str, expected: dict[str, set[str]], owner_connection: Connection
) -> None:
    found: dict[str, set[str]] = {}
    for table, columns, every_one in owner_connection.execute(UPDATABLE, {"role": role}):
        one_by_one = owner_connection.execute(
            "SELECT c FROM unnest(%s::text[]) c WHERE has_column_privilege(%s, %s::regclass, c, 'UPDATE')",
            [columns, role, table],
        )
        found[table] = EVERYTHING if every_one else {name for (name,) in one_by_one}
    assert found == expected


@pytest.mark.parametrize("visitor", VISITORS)
def test_what_was_agreed_on_a_booking_is_changed_by_nobody(
    visitor: str, full_shops: tuple[Shop, Shop], app_connection: Connection, worker_connection: Connection
) -> None:
    mine, _ = full_shops
    for login in (app_connection, worker_connection):
        claims = claims_of(mine, visitor)
        tried = {name: attempt(login, claims, f"UPDATE {{}} SET {name} = {name}", "appointments") for name in AGREED}
        assert tried == dict.fromkeys(AGREED, DENIED)


def test_every_column_of_an_appointment_is_agreed_or_may_be_updated(owner_connection: Connection) -> None:
    rows = owner_connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'appointments'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    assert {name for (name,) in rows} == set(AGREED) | APP_UPDATES["appointments"]


@pytest.mark.parametrize("table", ["busy_times", "audit_logs", "audit_seals"])
def test_the_ledger_and_the_history_are_written_by_nobody(
    table: str, full_shops: tuple[Shop, Shop], app_connection: Connection, worker_connection: Connection
) -> None:
    mine, _ = full_shops
    writes = (
        "DELETE FROM {}",
        "UPDATE {} SET business_id = business_id",
        "INSERT INTO {} DEFAULT VALUES",
        "TRUNCATE {}",
    )
    for login in (app_connection, worker_connection):
        assert [attempt(login, mine.owners, query, table) for query in writes] == [DENIED] * len(writes)


def test_even_the_owner_of_the_schema_cannot_rewrite_history(
    full_shops: tuple[Shop, Shop], owner_connection: Connection
) -> None:
    for table, column in (("audit_logs", "action"), ("audit_seals", "digest")):
        for query in ("DELETE FROM {}", f"UPDATE {{}} SET {column} = 'forged'", "TRUNCATE {}"):
            assert attempt(owner_connection, Claims(), query, table) == DENIED


def test_no_table_is_emptied_altered_or_locked_out_by_a_login(
    app_connection: Connection, worker_connection: Connection, owner_connection: Connection
) -> None:
    statements = ("TRUNCATE {}", "ALTER TABLE {} DISABLE ROW LEVEL SECURITY", "ALTER TABLE {} DISABLE TRIGGER ALL")
    for table in tenant_tables(owner_connection):
        for login in (app_connection, worker_connection):
            assert [attempt(login, Claims(), query, table) for query in statements] == [DENIED] * 3, table


# What a writer says in an INSERT, and what stands there afterwards.


def forged(connection: Connection, claims: Claims, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Insert a row under claims; return it as the owner of the schema sees it."""
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    assert refused_by(connection, claims, f"INSERT INTO {table} ({names}) VALUES ({marks})", *row.values()) == ""
    with raw("owner") as owner:
        found = owner.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE id = %s", [row["id"]]).fetchone()
        assert found
        made: Any = found[0]
        return dict(made)


def a_hold(shop: Shop, **fields: Any) -> dict[str, Any]:
    own = {
        "id": uuid4(),
        "business_id": shop.business.id,
        "service_id": shop.service("cut").id,
        "staff_id": shop.person("anna").id,
        "starts_at": shop.at("15:00"),
        "visitor": "somebody else",
        "status": "held",
        "expires_at": shop.at("15:00", days=3),
        "request_fingerprint": "",
    }
    return own | fields


def test_a_hold_takes_its_price_end_and_status_from_the_server(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    row = a_hold(mine, status="committed", price_cents=1, service_capacity=999, ends_at=mine.at("15:05"))
    made = forged(app_connection, mine.public, "reservations", row)
    assert (made["status"], made["price_cents"], made["service_capacity"]) == ("held", 2500, 2)
    with raw("owner") as owner:
        lives = owner.execute(
            "SELECT ends_at - starts_at = interval '30 minutes', expires_at <= created_at + interval '10 minutes'"
            " FROM reservations WHERE id = %s",
            [row["id"]],
        ).fetchone()
    assert lives == (True, True)


def test_a_hold_for_the_account_of_another_is_refused(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, theirs = full_shops
    for claims, account in ((mine.public, mine.customer), (mine.customers, theirs.customer), (mine.guest, mine.owner)):  # type: ignore[attr-defined]
        row = a_hold(mine, customer_id=account.id)
        marks = ", ".join(["%s"] * len(row))
        query = f"INSERT INTO reservations ({', '.join(row)}) VALUES ({marks})"
        assert refused_by(app_connection, claims, query, *row.values()) == DENIED


def test_a_hold_is_ended_by_who_presents_its_id_and_comes_back_for_nobody(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    hold = mine.hold(mine.at("16:00"), mine.service("cut"))
    holder = mine.public.with_(reservation_id=hold.id)
    change = "UPDATE reservations SET status = '{}' WHERE id = %s"
    assert attempt(app_connection, mine.public, change.format("released"), "", hold.id) == 0
    assert attempt(app_connection, mine.guest, change.format("released"), "", hold.id) == 0  # type: ignore[attr-defined]
    assert refused_by(app_connection, holder, change.format("committed"), hold.id) == "hold_only_ends"
    assert attempt(app_connection, holder, change.format("released"), "", hold.id) == 1
    for claims in (holder, mine.owners, mine.employees):
        for status in ("held", "committed", "expired"):
            assert refused_by(app_connection, claims, change.format(status), hold.id) == "hold_only_ends"


def test_a_booking_takes_what_was_held_and_begins_at_version_one(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, theirs = full_shops
    hold = mine.hold(mine.at("17:00"), mine.service("cut"))
    row = {
        "id": uuid4(),
        "business_id": mine.business.id,
        "reservation_id": hold.id,
        "service_id": theirs.service("cut").id,
        "starts_at": mine.at("18:00"),
        "status": "completed",
        "version": 77,
        "price_cents": 1,
        "reference": "RHV-000-000",
        "cancellation_deadline_hours": 0,
        "customer_name": "Gino",
        "customer_email": "gino@example.com",
        "customer_phone": "",
        "notes": "",
        "answers": "{}",
        "overrides": "[]",
        "cancellation_token_hash": "",
        "request_fingerprint": "",
    }
    holder = mine.public.with_(reservation_id=hold.id)
    made = forged(app_connection, holder, "appointments", row)
    assert (made["service_id"], made["status"], made["version"]) == (str(hold.service_id), "confirmed", 1)
    assert (made["price_cents"], made["cancellation_deadline_hours"]) == (2500, 24)
    assert made["reference"] != "RHV-000-000"


def test_a_version_that_was_not_read_is_refused_to_everybody(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    for table, claims in (("appointments", mine.employees), ("services", mine.owners), ("staff", mine.owners)):
        for change in ("version + 1", "version - 1", "version + 5"):
            query = f"UPDATE {table} SET version = {change} WHERE business_id = '{mine.business.id}'"
            assert refused_by(app_connection, claims, query) == "version_is_current"
