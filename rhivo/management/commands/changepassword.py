"""Set the password of an account, by email, as rhivo_owner: no other role may write password hashes of others."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandError
from django.db import connection

from businesses.models import User
from businesses.models.people import normalized_email


class Command(changepassword.Command):
    help = "Set the password of the account with this email address, as rhivo_owner (MIGRATION_DATABASE_URL)."

    def handle(self, *args: Any, **options: Any) -> str | None:
        if not options["username"]:
            raise CommandError("Say whose password: manage.py changepassword EMAIL.")
        if not _may_write_passwords():
            raise CommandError(
                "Only rhivo_owner may set the password of others: set MIGRATION_DATABASE_URL to its login. With "
                "docker-compose.yml: docker compose run --rm setup python manage.py changepassword EMAIL."
            )
        options["username"] = normalized_email(options["username"])
        return super().handle(*args, **options)


def _may_write_passwords() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = tableowner FROM pg_tables WHERE tablename = %s", [User._meta.db_table])
        return bool(cursor.fetchone()[0])
