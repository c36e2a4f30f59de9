"""Create or update one business from a tenant file, and invite its owner."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from businesses.tenant_file import MAX_BYTES, Imported, TenantFileRefused
from rhivo.errors import RhivoError
from rhivo.shell.import_and_invite import import_and_invite


class Command(BaseCommand):
    help = "Create or update one business from a tenant file (YAML or JSON; see docs/tenant-file.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="path of the file, - for standard input")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="remove staff, resources, services and categories that the file's lists do not name "
            "(those that bookings refer to are deactivated)",
        )

    def handle(self, *, file: str, replace: bool, **options: Any) -> None:
        content = read_content(file)
        try:
            imported = import_and_invite(content, replace=replace)
        except TenantFileRefused as refusal:
            raise CommandError("\n  ".join([f"{file}: {refusal.detail}", *refusal.lines])) from refusal
        except RhivoError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(summary(imported))
        for note in imported.notes:
            self.stdout.write(f"  Note: {note}")


def read_content(file: str) -> bytes:
    """Return the bytes of a file or of standard input."""
    # One more than allowed at most: enough for `parse` to refuse it, and /dev/zero ends too.
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error


def summary(imported: Imported) -> str:
    """Return one line on what an import did."""
    business = imported.business
    verb = "Created" if imported.created else "Updated" if imported.changes else "Left as it is:"
    done = ", ".join(imported.changes) or "nothing differs"
    invited = f"; {imported.invitation.user.email} is invited" if imported.invitation else ""
    return f"{verb} {business.name} ({business.subdomain}): {done}{invited}."
