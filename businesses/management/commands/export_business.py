"""Write one business as a tenant file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from businesses.tenant_file import export_business
from rhivo.errors import RhivoError


class Command(BaseCommand):
    help = "Write one business to standard output as a tenant file, ready for import_business."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subdomain", metavar="SUBDOMAIN")

    def handle(self, *, subdomain: str, **options: Any) -> None:
        try:
            self.stdout.write(export_business(subdomain), ending="")
        except RhivoError as refusal:
            raise CommandError(refusal.detail) from refusal
