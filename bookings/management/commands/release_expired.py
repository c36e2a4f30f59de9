"""Clear away holds that ran out, as beat does every minute."""

from typing import Any

from django.core.management.base import BaseCommand

from bookings.operations import release_expired
from rhivo.clock import database_now
from rhivo.text.plurals import counted


class Command(BaseCommand):
    help = "Release holds whose time is up. They count nowhere already; this keeps the tables small."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{counted(release_expired(at=database_now()), 'expired hold')} released.")
