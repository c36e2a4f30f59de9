"""The three database roles, made once on a server by an administrator's login.

`rhivo_owner` owns the schema and migrates, `rhivo_app` is what web processes are, `rhivo_worker` is Celery and
operators. None is a superuser and none bypasses row security.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from rhivo.db.database_url import rewritten

ROLES = {"owner": "rhivo_owner", "app": "rhivo_app", "worker": "rhivo_worker"}
# Nobody waits for ever and nobody holds locks for ever. No idle_session_timeout: it would cut the idle connections of
# pools. transaction_timeout is known from PostgreSQL 17 on; operators' commands may read everything there is in one.
# The owner waits for less than the others do: all who want a table queue behind a migration that waits for it, and they
# would be refused after 5 s. One that gave up has changed nothing and is run again.
TIMEOUTS = {
    "rhivo_owner": {"lock_timeout": "3s"},
    "rhivo_app": {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"},
    "rhivo_worker": {"statement_timeout": "60s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s"},
}
TRANSACTION_TIMEOUT = {"rhivo_app": {"transaction_timeout": "60s"}}

# Large objects know no row security, and anybody may make them. An administrator who is no superuser gets a warning.
NO_LARGE_OBJECTS = """
    REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC
"""


def prepare(admin_url: str, *, database: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """Create or renew the roles, the database and its extension; return the URL of each role.

    `admin_url` must log in as a role that may create roles and databases; `passwords` has a key for each of
    "owner", "app" and "worker". Safe to repeat.
    """
    # autocommit: CREATE DATABASE refuses to run inside a transaction.
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for kind, role in ROLES.items():
            _create_role(connection, role, passwords[kind])
        # The worker may do all that the web may. Policies that name rhivo_app bind it too.
        _run(connection, "GRANT {} TO {}", "rhivo_app", "rhivo_worker")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            # An administrator who is no superuser may give a database only to a role that it is a member of.
            _run(connection, "GRANT {} TO CURRENT_USER", "rhivo_owner")
            _run(connection, "CREATE DATABASE {} OWNER {}", database, "rhivo_owner")
        _run(connection, "ALTER DATABASE {} SET timezone TO 'UTC'", database)
        # By default PUBLIC may connect to a database and make temporary tables there.
        _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}, {}", database, "rhivo_app", "rhivo_worker")
    with psycopg.connect(admin_url, dbname=database, autocommit=True) as connection:
        connection.execute(NO_LARGE_OBJECTS)
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        _run(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        _run(connection, "GRANT USAGE, CREATE ON SCHEMA public TO {}", "rhivo_owner")
    return {
        kind: rewritten(admin_url, dbname=database, user=role, password=passwords[kind]) for kind, role in ROLES.items()
    }


def _create_role(connection: psycopg.Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    _run(
        connection,
        "ALTER ROLE {}" if known else "CREATE ROLE {}",
        role,
        tail=(" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE INHERIT PASSWORD {}", password),
    )
    newer = TRANSACTION_TIMEOUT if connection.info.server_version >= 170000 else {}
    for setting, value in (TIMEOUTS.get(role, {}) | newer.get(role, {})).items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} TO {}").format(
                sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
            )
        )


def _run(connection: psycopg.Connection, statement: str, *names: str, tail: tuple[str, str] | None = None) -> None:
    """Run a statement with names quoted into it, and a tail with one literal."""
    query = sql.SQL(statement).format(*map(sql.Identifier, names))
    if tail:
        query += sql.SQL(tail[0]).format(sql.Literal(tail[1]))
    connection.execute(query)
