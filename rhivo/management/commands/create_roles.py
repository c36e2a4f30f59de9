"""Create Rhivo's database and its roles on a PostgreSQL server, as its administrator."""

import os
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from rhivo.db import roles
from rhivo.db.database_url import parts_of

_URLS = {"app": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "MIGRATION_DATABASE_URL"}


class Command(BaseCommand):
    help = (
        "Create the database and the roles that DATABASE_URL, WORKER_DATABASE_URL and MIGRATION_DATABASE_URL name, "
        "with the passwords in them, or bring them up to date. ADMIN_DATABASE_URL says where and by whom. Run it at "
        "every deployment, before migrate."
    )
    # They ask the database, which does not exist before this has run.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        database = _part("MIGRATION_DATABASE_URL", "dbname", "names no database")
        passwords = {role: _part(name, "password", "holds no password") for role, name in _URLS.items()}
        roles.prepare(_given("ADMIN_DATABASE_URL"), database=database, passwords=passwords)
        self.stdout.write(f"Database {database} and its roles are in place.")


def _given(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError as error:
        raise CommandError(f"{name} is not set.") from error


def _part(name: str, part: str, refusal: str) -> str:
    """Return one parameter of the URL in a variable; raises CommandError if it is missing or the URL unreadable."""
    try:
        found = parts_of(_given(name))
    except psycopg.ProgrammingError as error:
        raise CommandError(
            f"{name} is not the URL of a PostgreSQL database: write postgresql://user:password@host/database."
        ) from error
    if part not in found:
        raise CommandError(f"{name} {refusal}: write postgresql://user:password@host/database.")
    return found[part]
