"""Write a migration of what changed in an app's `sql/` folder."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rhivo.db.sql_migration import InvalidName, unmigrated, write_migration
from rhivo.db.sql_objects import APPS, UnknownStatement


class Command(BaseCommand):
    help = "Compare an app's sql/ folder with its migrations and write what differs as a migration of plain RunSQL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", nargs="?", choices=APPS, help="whose objects changed")
        parser.add_argument("name", nargs="?", help="what the migration is called, such as longer_holds")
        parser.add_argument("--check", action="store_true", help="write nothing; fail if a migration is missing")

    def handle(self, *args: Any, app: str | None, name: str | None, check: bool, **options: Any) -> None:
        try:
            # `make test` runs this: without a migration the edited object would reach no database that exists.
            if check:
                self._check([app] if app else APPS)
            elif not app or not name:
                raise CommandError(
                    "Say which app and how to call the migration: makesqlmigration bookings longer_holds"
                )
            else:
                path = write_migration(app, name)
                self.stdout.write(f"Wrote {path}" if path else f"Nothing in {app}/sql has changed.")
        except (InvalidName, UnknownStatement) as problem:
            raise CommandError(str(problem)) from problem

    def _check(self, apps: Any) -> None:
        missing = {app: lines for app in apps if (lines := unmigrated(app))}
        for app, lines in missing.items():
            self.stdout.write(f"{app}/sql has changed:\n" + "\n".join(f"  {line.splitlines()[0]}" for line in lines))
        if missing:
            raise CommandError(f"Write the migrations: manage.py makesqlmigration {next(iter(missing))} NAME")
