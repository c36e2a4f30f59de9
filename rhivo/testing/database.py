"""The test database: made by its owner, then used as the restricted role, as web processes use it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import psycopg
from django.db import connections
from psycopg import sql

from rhivo.db.database_url import parts_of, rewritten
from rhivo.db.postgresql.base import DatabaseWrapper
from rhivo.testing.template_database import ensure_template

Role = Literal["app", "worker", "owner"]
URL_OF = {"app": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "MIGRATION_DATABASE_URL"}


def make_database(name: str) -> None:
    """Copy the migrated template as its owner, and leave the default connection as rhivo_app."""
    # Asked for here as well: the servers may be those of another checkout, as a mutant's are.
    template = ensure_template(os.environ["TEST_ADMIN_URL"], os.environ[URL_OF["owner"]])
    quoted = sql.Identifier(name)
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as administrator:
        # FORCE ends connections that a killed run left open; without it DROP would be refused.
        # The owner may not end an autovacuum of a former run's.
        administrator.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
    with psycopg.connect(os.environ[URL_OF["owner"]], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(quoted, sql.Identifier(template)))
        _copy_grants(connection, template, name)
        connection.execute(sql.SQL("ALTER DATABASE {} SET timezone TO 'UTC'").format(quoted))
    for variable in URL_OF.values():
        os.environ[variable] = in_database(os.environ[variable], name)
    _log_in("app")


def _copy_grants(connection: "psycopg.Connection[tuple[object, ...]]", template: str, name: str) -> None:
    """Grant on a copied database what is granted on its template."""
    grants = connection.execute(
        "SELECT grantee::regrole::text, privilege_type FROM pg_database, aclexplode(datacl) WHERE datname = %s",
        [template],
    ).fetchall()
    # A new database grants CONNECT and TEMPORARY to PUBLIC. PostgreSQL copies all of a template but its grants.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    for grantee, privilege in grants:
        to = sql.SQL("PUBLIC") if grantee == "-" else sql.Identifier(str(grantee))
        grant = sql.SQL("GRANT {} ON DATABASE {} TO {}")
        connection.execute(grant.format(sql.SQL(str(privilege)), sql.Identifier(name), to))


def in_database(url: str, name: str) -> str:
    """Return a URL for another database of the same server."""
    return rewritten(url, dbname=name)


def _log_in(role: str) -> None:
    # settings_dict is read when a connection opens, so an open one would go on as whoever it was.
    connections["default"].close()
    connections["default"].settings_dict.update(_settings(role))


def _settings(role: str) -> dict[str, str]:
    parts = parts_of(os.environ[URL_OF[role]])
    return {"NAME": parts["dbname"], "USER": parts["user"], "PASSWORD": parts["password"]}


def login(role: Role) -> DatabaseWrapper:
    """Return a connection of its own with another login; the caller closes it."""
    return DatabaseWrapper(connections["default"].settings_dict | _settings(role), alias="default")


@contextmanager
def through(wrapper: DatabaseWrapper) -> Iterator[None]:
    """Run a block on a connection from `login`."""
    # Swapped and not a second alias in DATABASES: Django would create a test database for that one as well.
    former = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = former


@contextmanager
def as_role(role: Role) -> Iterator[None]:
    """Run a block on a connection of its own with another login; what it commits stays."""
    wrapper = login(role)
    try:
        with through(wrapper):
            yield
    finally:
        wrapper.close()


def raw(role: Role) -> "psycopg.Connection[tuple[object, ...]]":
    """Open a bare psycopg connection as a role, in autocommit."""
    return psycopg.connect(os.environ[URL_OF[role]], autocommit=True)
