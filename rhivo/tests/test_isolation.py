"""No tenant reaches another's rows: walked over the catalogue, for every login, table, verb, column and kind of visitor."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from rhivo.claims import Claims, set_config_sql
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.sql_attacker import DENIED, VISITORS, Connection, attempt, claims_of, tenant_tables
from rhivo.testing.tenant_rows import declared, declaring

pytestmark = pytest.mark.django_db

PUBLIC_TABLES = declaring("read_by", "public")
# What the worker does across tenants: it delivers, and reads what tasks and checks need. Of holds it ends those that ran
# out and deletes those that ended, of which there are none here.
WORKERS_REACH = {
    *(f"SELECT {table}" for table in ("appointments", "audit_logs", "audit_seals", "busy_times", "reservations")),
    *(f"SELECT {table}" for table in ("notification_logs", "webhook_endpoints", *PUBLIC_TABLES)),
    *(f"UPDATE notification_logs.{column}" for column in ("attempts", "due_at", "last_error", "sent_at", "status")),
}
# Tables without row security: Django's own, of no tenant.
OUTSIDE_ROW_SECURITY = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
}


def test_the_suite_runs_as_the_restricted_role(app_connection: Connection) -> None:
    row = app_connection.execute(
        "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row == ("rhivo_app", False, False)


def test_every_tenant_table_has_rows_to_attack(full_shops: tuple[Shop, Shop], owner_connection: Connection) -> None:
    for table in tenant_tables(owner_connection):
        query = sql.SQL("SELECT count(*) FROM {} WHERE business_id = %s").format(sql.Identifier(table))
        for shop in full_shops:
            assert owner_connection.execute(query, [shop.business.id]).fetchone()[0] > 0, table  # type: ignore[index]


def test_every_table_of_a_business_says_that_it_is_one(owner_connection: Connection) -> None:
    assert declared().keys() == {*tenant_tables(owner_connection), "businesses", "users"}


def test_tables_without_row_security_are_djangos_alone(owner_connection: Connection) -> None:
    open_tables = owner_connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    ).fetchall()
    assert {name for (name,) in open_tables} <= OUTSIDE_ROW_SECURITY


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_visitor_of_one_business_reaches_another(
    visitor: str, full_shops: tuple[Shop, Shop], app_connection: Connection, owner_connection: Connection
) -> None:
    mine, theirs = full_shops
    found = leaks_everywhere(app_connection, owner_connection, claims_of(mine, visitor), mine, theirs)
    assert found == ({f"SELECT {table}" for table in PUBLIC_TABLES} if visitor == "nobody" else set())


@pytest.mark.parametrize("visitor", VISITORS)
def test_the_worker_reaches_across_tenants_for_its_tasks_alone(
    visitor: str, full_shops: tuple[Shop, Shop], worker_connection: Connection, owner_connection: Connection
) -> None:
    mine, theirs = full_shops
    found = leaks_everywhere(worker_connection, owner_connection, claims_of(mine, visitor), mine, theirs)
    assert found == WORKERS_REACH


def leaks_everywhere(login: Connection, owner: Connection, claims: Claims, mine: Shop, theirs: Shop) -> set[str]:
    return {leak for table in tenant_tables(owner) for leak in leaks_of(login, owner, table, claims, mine, theirs)}


def leaks_of(login: Connection, owner: Connection, table: str, claims: Claims, mine: Shop, theirs: Shop) -> list[str]:
    """Return every verb by which claims of one business reached rows of another in a table, updates by column."""
    target = theirs.business.id
    row = owner.execute(
        sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE business_id = %s LIMIT 1").format(sql.Identifier(table)), [target]
    ).fetchone()[0]  # type: ignore[index]
    copy = Jsonb(row | ({"id": str(uuid4())} if isinstance(row.get("id"), str) else {}))
    reached = {
        f"SELECT {table}": attempt(login, claims, "SELECT count(*) FROM {} WHERE business_id = %s", table, target),
        f"DELETE {table}": attempt(login, claims, "DELETE FROM {} WHERE business_id = %s", table, target),
        f"INSERT {table}": attempt(
            login, claims, "INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)", table, copy
        ),
        f"MOVE {table}": attempt(
            login, claims, "UPDATE {} SET business_id = %s WHERE business_id = %s", table, target, mine.business.id
        ),
    }
    for column in columns_to_update(owner, login, table):
        reached[f"UPDATE {table}.{column}"] = attempt(
            login, claims, f"UPDATE {{}} SET {column} = {column} WHERE business_id = %s", table, target
        )
    return [verb for verb, rows in reached.items() if isinstance(rows, int) and rows > 0]


def columns_to_update(owner: Connection, login: Connection, table: str) -> list[str]:
    """Return the columns that a login may update, so that only a policy stands in the way."""
    rows = owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege(%s, attrelid, attnum, 'UPDATE') ORDER BY attname",
        [table, login.info.user],
    )
    return [str(name) for (name,) in rows]


def test_nobody_without_claims_sees_what_is_private(
    full_shops: tuple[Shop, Shop], app_connection: Connection, owner_connection: Connection
) -> None:
    private = set(tenant_tables(owner_connection)) - PUBLIC_TABLES
    seen = {table: attempt(app_connection, Claims(), "SELECT count(*) FROM {}", table) for table in private | {"users"}}
    assert set(seen.values()) == {0}


@pytest.mark.parametrize("visitor", VISITORS)
def test_what_an_owner_edits_is_changed_by_the_owner_alone(
    visitor: str, full_shops: tuple[Shop, Shop], app_connection: Connection, owner_connection: Connection
) -> None:
    mine, _ = full_shops
    edited = declaring("edited_by", "owner") & set(tenant_tables(owner_connection))
    # Last the rows go: a row must be there to be changed, and a refused DELETE leaves it.
    changes = (
        "UPDATE {} SET business_id = business_id WHERE business_id = %s",
        "DELETE FROM {} WHERE business_id = %s",
    )
    done = {
        table: [attempt(app_connection, claims_of(mine, visitor), query, table, mine.business.id) for query in changes]
        for table in sorted(edited)
    }
    reached = {table for table, rows in done.items() if any(isinstance(row, int) and row > 0 for row in rows)}
    assert reached == (edited if visitor == "owner" else set())


def test_every_table_with_a_history_writes_it(full_shops: tuple[Shop, Shop], owner_connection: Connection) -> None:
    for shop in full_shops:
        written = owner_connection.execute(
            "SELECT DISTINCT entity FROM audit_logs WHERE business_id = %s AND action = 'added'", [shop.business.id]
        )
        names = {options["history"] for options in declared().values() if "history" in options}
        assert names - {name for (name,) in written} == set()


def test_a_foreign_key_between_tenants_tables_names_the_business(owner_connection: Connection) -> None:
    """Its check ignores row security: without the business in it, a row could point at another tenant's."""
    without = owner_connection.execute(
        "SELECT conrelid::regclass || '.' || conname FROM pg_constraint k WHERE contype = 'f'"
        " AND conrelid::regclass::text = ANY (%(tables)s) AND confrelid::regclass::text = ANY (%(tables)s)"
        " AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)"
        " AND attname = 'business_id')",
        {"tables": tenant_tables(owner_connection)},
    )
    assert without.fetchall() == []


def test_a_table_without_policies_is_a_leak_that_the_walk_finds(
    full_shops: tuple[Shop, Shop], owner_connection: Connection
) -> None:
    mine, theirs = full_shops
    owner_connection.execute("CREATE TABLE forgotten (business_id uuid)")
    try:
        owner_connection.execute("INSERT INTO forgotten VALUES (%s)", [theirs.business.id])
        owner_connection.execute("GRANT SELECT ON forgotten TO rhivo_app")
        assert "forgotten" in tenant_tables(owner_connection)
        with raw("app") as app:
            leaks = leaks_of(app, owner_connection, "forgotten", mine.owners, mine, theirs)
        assert leaks == ["SELECT forgotten"]
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


def test_a_foreign_key_says_the_same_of_what_is_elsewhere_and_of_what_is_nowhere(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, theirs = full_shops
    complaints = set()
    for category in (uuid4(), a_category_of(theirs)):
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused, app_connection.transaction():
            app_connection.execute(set_config_sql(mine.owners))
            app_connection.execute("UPDATE services SET category_id = %s", [category])
        complaints.add(str(refused.value).replace(str(category), "X"))
    assert len(complaints) == 1


def a_category_of(shop: Shop) -> Any:
    with raw("owner") as owner:
        row = owner.execute("SELECT id FROM categories WHERE business_id = %s", [shop.business.id]).fetchone()
    return row[0] if row else None


def test_people_see_themselves_and_colleagues_but_no_other_accounts(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    seen = {
        visitor: attempt(app_connection, claims_of(mine, visitor), "SELECT count(*) FROM {}", "users")
        for visitor in VISITORS
    }
    assert seen == {"nobody": 0, "public": 0, "guest": 0, "customer": 1, "staff": 2, "owner": 2}


@pytest.mark.parametrize("visitor", VISITORS)
def test_nobody_changes_the_account_of_another(
    visitor: str, full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    changed = attempt(
        app_connection,
        claims_of(mine, visitor),
        "UPDATE {} SET name = name WHERE id IS DISTINCT FROM current_user_id()",
        "users",
    )
    assert changed == 0
    for query in ("DELETE FROM {}", "UPDATE {} SET email = email", "UPDATE {} SET is_active = is_active"):
        assert attempt(app_connection, claims_of(mine, visitor), query, "users") == DENIED


def test_claims_do_not_outlive_their_transaction(full_shops: tuple[Shop, Shop]) -> None:
    mine, _ = full_shops
    with raw("app") as app:
        assert attempt(app, mine.owners, "SELECT count(*) FROM {}", "appointments") == 2
        assert app.execute("SELECT count(*) FROM appointments").fetchone() == (0,)


def test_a_closed_business_is_seen_by_its_people_alone(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    """Its services, people, hours and busy times go with it, also for a function of the owner's."""
    shop, _ = full_shops
    with raw("owner") as owner:
        owner.execute("UPDATE businesses SET is_active = false WHERE id = %s", [shop.business.id])
    live = "SELECT count(*) FROM live_occupancy(%s, %s, NULL, NULL, tstzrange(now(), now() + interval '9 days'), now(), NULL)"
    ids = (shop.business.id, shop.service("cut").id)
    rows = "SELECT count(*) FROM {} WHERE business_id = %s"
    for claims in (Claims(), shop.public, shop.customers, shop.guest):  # type: ignore[attr-defined]
        assert {
            table: attempt(app_connection, claims, rows, table, ids[0]) for table in PUBLIC_TABLES
        } == dict.fromkeys(PUBLIC_TABLES, 0)
        assert attempt(app_connection, claims, live, "", *ids) == 0
    assert attempt(app_connection, shop.employees, live, "", *ids) == 1
