"""No tenant reaches another's rows: walked over the catalogue, for every table, verb and kind of visitor."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from rhivo.claims import Claims, set_config_sql
from rhivo.testing.database import raw
from rhivo.testing.shops import Shop
from rhivo.tokens import guest_token, token_hash

pytestmark = pytest.mark.django_db

TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'business_id'
    ORDER BY 1
"""
VISITORS = ("nobody", "public", "guest", "customer", "staff", "owner")


@pytest.fixture(scope="module")
def owner_connection(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with raw("owner") as connection:
        yield connection


@pytest.fixture(scope="module")
def app_connection(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with raw("app") as connection:
        yield connection


@pytest.fixture
def full_shops(shops: Callable[..., Shop], transactional_db: None) -> tuple[Shop, Shop]:
    """Two businesses with at least one row in every tenant table."""
    both = shops(), shops()
    for shop in both:
        furnish(shop)
    return both


def furnish(shop: Shop) -> None:
    service = shop.service("cut", staff=["anna"], max_simultaneous_bookings=2)
    shop.hold(shop.at("09:00"), service)
    shop.commit(shop.hold(shop.at("10:00"), service, claims=shop.customers), claims=shop.customers)
    guest_hold = shop.hold(shop.at("11:00"), service)
    shop.guest = Claims(  # type: ignore[attr-defined]
        business_id=shop.business.id, cancellation_token=token_hash(guest_token(guest_hold.id))
    )
    shop.commit(guest_hold)
    with raw("owner") as connection:
        connection.execute(
            "INSERT INTO categories (id, business_id, name, position) VALUES (%s, %s, 'Hair', 0)",
            [uuid4(), shop.business.id],
        )
        connection.execute(
            "INSERT INTO webhook_endpoints (id, business_id, url, secret, events, is_active, created_at)"
            " VALUES (%s, %s, 'https://example.com/', 'secret', '[]', true, now())",
            [uuid4(), shop.business.id],
        )
    with raw("worker") as connection:
        connection.execute("SELECT seal_history(%s)", [shop.business.id])


def claims_of(shop: Shop, visitor: str) -> Claims:
    return {
        "nobody": Claims(),
        "public": shop.public,
        "guest": getattr(shop, "guest", Claims()),
        "customer": shop.customers,
        "staff": shop.employees,
        "owner": shop.owners,
    }[visitor]


def tenant_tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute(TENANT_TABLES)]


def attempt(connection: psycopg.Connection[Any], claims: Claims, query: str, table: str, *values: Any) -> int | str:
    """Run one statement under claims; return the number of rows it reached, or the SQLSTATE that refused it."""
    statement = sql.SQL(query).format(sql.Identifier(table))
    try:
        with connection.transaction():
            connection.execute(set_config_sql(claims))
            cursor = connection.execute(statement, values)
            row = cursor.fetchone() if cursor.description else None
            return int(row[0]) if row else cursor.rowcount
    except psycopg.Error as error:
        return str(error.sqlstate)


def test_the_suite_runs_as_the_restricted_role(app_connection: psycopg.Connection[Any]) -> None:
    row = app_connection.execute(
        "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row == ("rhivo_app", False, False)


def test_every_tenant_table_has_rows_to_attack(
    full_shops: tuple[Shop, Shop], owner_connection: psycopg.Connection[Any]
) -> None:
    for table in tenant_tables(owner_connection):
        query = sql.SQL("SELECT count(*) FROM {} WHERE business_id = %s").format(sql.Identifier(table))
        for shop in full_shops:
            assert owner_connection.execute(query, [shop.business.id]).fetchone()[0] > 0, table  # type: ignore[index]


PUBLIC_TABLES = {"availability", "busy_times", "categories", "service_staff", "services", "staff"}


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_visitor_of_one_business_reaches_another(
    visitor: str,
    full_shops: tuple[Shop, Shop],
    app_connection: psycopg.Connection[Any],
    owner_connection: psycopg.Connection[Any],
) -> None:
    mine, theirs = full_shops
    claims = claims_of(mine, visitor)
    leaks = [
        leak
        for table in tenant_tables(owner_connection)
        for leak in leaks_of(app_connection, owner_connection, table, claims, mine, theirs)
        if not (visitor == "nobody" and leak.startswith("SELECT") and table in PUBLIC_TABLES)
    ]
    assert leaks == []


def leaks_of(
    app: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
    table: str,
    claims: Claims,
    mine: Shop,
    theirs: Shop,
) -> list[str]:
    """Return every verb by which claims of one business reached rows of another in a table."""
    target = theirs.business.id
    row = owner.execute(
        sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE business_id = %s LIMIT 1").format(sql.Identifier(table)), [target]
    ).fetchone()[0]  # type: ignore[index]
    column = updatable_column(owner, table)
    copy = Jsonb(row | ({"id": str(uuid4())} if isinstance(row.get("id"), str) else {}))
    reached = {
        "SELECT": attempt(app, claims, "SELECT count(*) FROM {} WHERE business_id = %s", table, target),
        "UPDATE": attempt(
            app,
            claims,
            f"UPDATE {{}} SET {column} = {column} WHERE business_id = %s",
            table,
            target,
        ),
        "DELETE": attempt(app, claims, "DELETE FROM {} WHERE business_id = %s", table, target),
        "INSERT": attempt(
            app, claims, "INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)", table, copy
        ),
        "MOVE": attempt(
            app, claims, "UPDATE {} SET business_id = %s WHERE business_id = %s", table, target, mine.business.id
        ),
    }
    return [f"{verb} {table}: {rows}" for verb, rows in reached.items() if isinstance(rows, int) and rows > 0]


def updatable_column(owner: psycopg.Connection[Any], table: str) -> str:
    """Return a column that rhivo_app may update, so that only a policy stands in the way; business_id if it may none."""
    found = owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND has_column_privilege('rhivo_app', attrelid, attnum, 'UPDATE') ORDER BY attname <> 'version' LIMIT 1",
        [table],
    ).fetchone()
    return str(found[0]) if found else "business_id"


def test_nobody_without_claims_sees_what_is_private(
    full_shops: tuple[Shop, Shop], app_connection: psycopg.Connection[Any], owner_connection: psycopg.Connection[Any]
) -> None:
    private = set(tenant_tables(owner_connection)) - PUBLIC_TABLES
    seen = {table: attempt(app_connection, Claims(), "SELECT count(*) FROM {}", table) for table in private | {"users"}}
    assert set(seen.values()) == {0}


def test_a_table_without_policies_is_a_leak_that_the_walk_finds(
    full_shops: tuple[Shop, Shop], owner_connection: psycopg.Connection[Any]
) -> None:
    mine, theirs = full_shops
    owner_connection.execute("CREATE TABLE forgotten (business_id uuid)")
    try:
        owner_connection.execute("INSERT INTO forgotten VALUES (%s)", [theirs.business.id])
        owner_connection.execute("GRANT SELECT ON forgotten TO rhivo_app")
        assert "forgotten" in tenant_tables(owner_connection)
        with raw("app") as app:
            leaks = leaks_of(app, owner_connection, "forgotten", mine.owners, mine, theirs)
        assert leaks == ["SELECT forgotten: 1"]
    finally:
        owner_connection.execute("DROP TABLE forgotten")


def test_a_foreign_key_never_points_into_another_business(full_shops: tuple[Shop, Shop]) -> None:
    mine, theirs = full_shops
    with raw("app") as app:
        refused = attempt(
            app,
            mine.owners,
            "INSERT INTO {} (id, business_id, service_id, staff_id) VALUES (%s, %s, %s, %s)",
            "service_staff",
            uuid4(),
            mine.business.id,
            theirs.service("cut").id,
            mine.person("anna").id,
        )
    assert refused == psycopg.errors.ForeignKeyViolation.sqlstate


def test_people_see_themselves_and_colleagues_but_no_other_accounts(
    full_shops: tuple[Shop, Shop], app_connection: psycopg.Connection[Any]
) -> None:
    mine, _ = full_shops
    seen = {
        visitor: attempt(app_connection, claims_of(mine, visitor), "SELECT count(*) FROM {}", "users")
        for visitor in VISITORS
    }
    assert seen == {"nobody": 0, "public": 0, "guest": 0, "customer": 1, "staff": 2, "owner": 2}


@pytest.mark.parametrize("table", ["busy_times", "audit_logs", "audit_seals"])
def test_the_ledger_and_the_history_are_written_by_nobody(
    table: str, full_shops: tuple[Shop, Shop], app_connection: psycopg.Connection[Any]
) -> None:
    mine, _ = full_shops
    denied = psycopg.errors.InsufficientPrivilege.sqlstate
    for query in (
        "DELETE FROM {}",
        "UPDATE {} SET business_id = business_id",
        "INSERT INTO {} DEFAULT VALUES",
        "TRUNCATE {}",
    ):
        assert attempt(app_connection, mine.owners, query, table) == denied
    with raw("worker") as worker:
        for query in (
            "DELETE FROM {}",
            "UPDATE {} SET business_id = business_id",
            "INSERT INTO {} DEFAULT VALUES",
            "TRUNCATE {}",
        ):
            assert attempt(worker, mine.owners, query, table) == denied


def test_even_the_owner_of_the_schema_cannot_rewrite_history(
    full_shops: tuple[Shop, Shop], owner_connection: psycopg.Connection[Any]
) -> None:
    for table, column in (("audit_logs", "action"), ("audit_seals", "digest")):
        for query in ("DELETE FROM {}", f"UPDATE {{}} SET {column} = 'forged'", "TRUNCATE {}"):
            assert attempt(owner_connection, Claims(), query, table) == "42501"


def test_claims_do_not_outlive_their_transaction(full_shops: tuple[Shop, Shop]) -> None:
    mine, _ = full_shops
    with raw("app") as app:
        assert attempt(app, mine.owners, "SELECT count(*) FROM {}", "appointments") == 2
        assert app.execute("SELECT count(*) FROM appointments").fetchone() == (0,)
