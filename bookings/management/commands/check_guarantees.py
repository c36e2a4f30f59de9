"""Check, on the data as it is, that nothing is booked twice and that every mechanism is in place."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.guarantees import violations
from rhivo.db.promises import record
from rhivo.text.plurals import counted


class Command(BaseCommand):
    help = (
        "Recompute peak use of every service and overlaps of every person from reservations and appointments, compare"
        " the busy times with them, and the catalogue with what migrations promise. Exit code 1 if anything is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--record", action="store_true", help="for maintainers: record this freshly migrated catalogue as promised"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Recorded first: what follows compares the catalogue with the record.
        if options["record"]:
            record()
        found = list(violations())
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(counted(len(found), "violation"))
        self.stdout.write("All guarantees hold.")
