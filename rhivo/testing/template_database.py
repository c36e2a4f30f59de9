"""The migrated, empty database that each test process copies, so that only a change of the schema costs a migration."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from rhivo.db.database_url import rewritten
from rhivo.testing.real_servers.cluster_cache import CHECKOUT

# Migrations run objects' SQL and code of rhivo.db; content types and permissions follow the models.
_WHAT_SHAPES_IT = (
    "*/migrations/*",
    "*/sql/**/*.sql",
    "*/models.py",
    "*/models/*.py",
    "rhivo/db/**/*.py",
    "rhivo/settings.py",
    "rhivo/testing/template_database.py",
    # Packages bring tables too (sessions, content types).
    "requirements*.txt",
)
_PREFIX = "rhivo_template_"


def fingerprint(checkout: Path = CHECKOUT) -> str:
    """Return a digest of all that a migrated database follows from."""
    digest = hashlib.sha256()
    for path in sorted(set(_files(checkout))):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(checkout)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _files(checkout: Path) -> Iterator[Path]:
    for pattern in _WHAT_SHAPES_IT:
        yield from (path for path in checkout.glob(pattern) if path.is_file() and path.suffix != ".pyc")


def ensure_template(admin_url: str, owner_url: str) -> str:
    """Return the name of the template on this server, migrated first if it is not there yet; drop former ones.

    Processes that ask at once take turns.
    """
    name = _PREFIX + fingerprint()
    with psycopg.connect(admin_url, autocommit=True) as administrator:
        # Processes of xdist ask at the same moment. A session's lock: it ends with the connection, also of a killed
        # process.
        administrator.execute("SELECT pg_advisory_lock(hashtext(%s))", [_PREFIX])
        present = [
            row[0]
            for row in administrator.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname::text, %s)", [_PREFIX]
            )
        ]
        if name not in present:
            for former in present:
                _run(administrator, "DROP DATABASE {} WITH (FORCE)", former)
            unfinished = f"{name}_unfinished"
            with psycopg.connect(owner_url, autocommit=True) as owner:
                _run(owner, "CREATE DATABASE {}", unfinished)
                _run(owner, "ALTER DATABASE {} SET timezone TO 'UTC'", unfinished)
            _migrate(rewritten(owner_url, dbname=unfinished))
            # Named last: a template that a killed process left half migrated has another name, and is made anew.
            _run(administrator, "ALTER DATABASE {} RENAME TO {}", unfinished, name)
    return name


def _migrate(url: str) -> None:
    """Migrate a database as the owner of the schema."""
    env = {
        **os.environ,
        "RHIVO_ENV": "test",
        "RHIVO_DB_ROLE": "owner",
        "DATABASE_URL": url,
        "MIGRATION_DATABASE_URL": url,
    }
    subprocess.run(
        # In a process of its own: this one may not have read the settings yet. A warning fails it, as it fails a
        # test.
        [sys.executable, "-W", "error", "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=env,
        check=True,
    )


def _run(connection: psycopg.Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
