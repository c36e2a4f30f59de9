"""Create Rhivo's database and its roles on a PostgreSQL server, as its administrator."""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError

from rhivo.db import roles

_URLS = {"app": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "MIGRATION_DATABASE_URL"}


class Command(BaseCommand):
    help = (
        "Create the database and the roles that DATABASE_URL, WORKER_DATABASE_URL and MIGRATION_DATABASE_URL name, "
        "with the passwords in them, or bring them up to date. ADMIN_DATABASE_URL says where and by whom. Run it at "
        "every deployment, before migrate."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        database = urlsplit(_given("MIGRATION_DATABASE_URL")).path.strip("/")
        passwords = {role: _password(name) for role, name in _URLS.items()}
        roles.prepare(_given("ADMIN_DATABASE_URL"), database=database, passwords=passwords)
        self.stdout.write(f"Database {database} and its roles are in place.")


def _given(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError as error:
        raise CommandError(f"{name} is not set.") from error


def _password(name: str) -> str:
    if password := urlsplit(_given(name)).password:
        return unquote(password)
    raise CommandError(f"{name} holds no password.")
