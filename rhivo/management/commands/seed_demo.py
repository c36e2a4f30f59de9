"""Load the demo's businesses, people and bookings."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.shell.demo_data import listing, load_demo


class Command(BaseCommand):
    help = "Load three businesses with people and bookings to try Rhivo with; what is there already stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--list", action="store_true", help="only print the addresses and log-ins")

    def handle(self, *, list: bool, **options: Any) -> None:  # noqa: A002 - the option's name
        if list:
            self.stdout.write(listing())
            return
        try:
            for line in load_demo(at=now()):
                self.stdout.write(line)
        except RhivoError as refusal:
            raise CommandError(refusal.detail) from refusal
