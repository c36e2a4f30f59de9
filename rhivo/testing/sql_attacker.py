"""An attacker who runs bare SQL as one of the logins, under claims of their choice."""

from typing import Any

import psycopg
from psycopg import sql

from rhivo.claims import Claims, set_config_sql
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.tenant_rows import fill
from rhivo.tokens import guest_token, token_hash

Connection = psycopg.Connection[Any]
VISITORS = ("nobody", "public", "guest", "customer", "staff", "owner")
TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'business_id'
    ORDER BY 1
"""
DENIED = str(psycopg.errors.InsufficientPrivilege.sqlstate)


def attempt(connection: Connection, claims: Claims, query: str, table: str = "", *values: Any) -> int | str:
    """Run one statement under claims; return the number of rows it reached, or the SQLSTATE that refused it."""
    statement = sql.SQL(query).format(sql.Identifier(table)) if table else query
    try:
        # A transaction of its own for each attempt: a refused statement aborts it, and claims are local to it.
        with connection.transaction():
            connection.execute(set_config_sql(claims))
            cursor = connection.execute(statement, values or None)
            # `description` is None for a statement without rows; then rowcount is what an UPDATE or DELETE reached.
            row = cursor.fetchone() if cursor.description else None
            return int(row[0]) if row else cursor.rowcount
    except psycopg.Error as error:
        return str(error.sqlstate)


def refused_by(connection: Connection, claims: Claims, query: str, *values: Any) -> str:
    """Run one statement under claims; return the constraint or the SQLSTATE that refused it, '' if nothing did."""
    try:
        with connection.transaction():
            connection.execute(set_config_sql(claims))
            connection.execute(query, values or None)
    except psycopg.Error as error:
        return str(error.diag.constraint_name or error.sqlstate)
    return ""


def tenant_tables(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(TENANT_TABLES)]


def claims_of(shop: Shop, visitor: str) -> Claims:
    return {
        "nobody": Claims(),
        "public": shop.public,
        "guest": getattr(shop, "guest", Claims()),
        "customer": shop.customers,
        "staff": shop.employees,
        "owner": shop.owners,
    }[visitor]


def furnish(shop: Shop) -> None:
    """Put at least one row into every tenant table; `shop.guest` becomes the claims of the guest who has booked."""
    service = shop.service("cut", staff=["anna"], max_simultaneous_bookings=2)
    # Bookings go through the operations: what triggers write (occupancy, history, messages) cannot be inserted by
    # hand.
    shop.hold(shop.at("09:00"), service)
    shop.commit(shop.hold(shop.at("10:00"), service, claims=shop.customers), claims=shop.customers)
    guest_hold = shop.hold(shop.at("11:00"), service)
    shop.guest = Claims(  # type: ignore[attr-defined]
        business_id=shop.business.id, cancellation_token=token_hash(guest_token(guest_hold.id))
    )
    shop.commit(guest_hold)
    # Something that a service needs is made with a service of its own: else it would be found missing by `cut`.
    shop.resource("room-1")
    shop.hold(shop.at("12:00"), shop.service("bath", needs=["room"]))
    fill(shop)
    # Last, since a seal covers the entries that are there. Only the worker may call the function.
    with raw("worker") as worker:
        worker.execute("SELECT seal_history(%s)", [shop.business.id])
