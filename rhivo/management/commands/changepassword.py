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
        # Django would take the name of the system's user, which is no email address.
        if not options["username"]:
            raise CommandError("Say whose password: manage.py changepassword EMAIL.")
        if not _may_write_passwords():
            raise CommandError(
                "Only rhivo_owner may set the password of others: set MIGRATION_DATABASE_URL to its login. With "
                "docker-compose.yml: docker compose run --rm setup python manage.py changepassword EMAIL."
            )
        # Django looks the account up by exactly what it is given, and `users` has addresses in lower case only.
        options["username"] = normalized_email(options["username"])
        return super().handle(*args, **options)


def _may_write_passwords() -> bool:
    # The owner of the table, and nobody else, gets past the policies of `users`. Asked beforehand: an UPDATE that row
    # security filters out changes no row and raises nothing, and Django would say that all went well.
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = tableowner FROM pg_tables WHERE tablename = %s", [User._meta.db_table])
        return bool(cursor.fetchone()[0])
