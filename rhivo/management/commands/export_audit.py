"""Write the history out, for a reader that has neither Rhivo nor its database."""

import os
from argparse import ArgumentParser
from typing import Any, TextIO

from django.core.management import BaseCommand, CommandError

from audit.chain.entries import INSTALLATION
from audit.export import export_lines
from businesses.events import record_export
from rhivo.clock import now
from rhivo.shell.chosen_histories import chosen_histories, instant


class Command(BaseCommand):
    help = (
        "Write the history as JSON Lines, which audit/verify_export.py verifies anywhere. The export becomes an entry"
        " of the business's history; an export of everything, one of the installation's."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--business", metavar="SUBDOMAIN", help="only this one; its id, if it is gone")
        parser.add_argument(
            "--since", metavar="WHEN", type=instant, help="a date or an instant in UTC: begin behind the seal before it"
        )
        parser.add_argument("--output", metavar="FILE", default="-", help="default -, standard output")

    def handle(self, *, business: str | None, since: Any, output: str, **options: Any) -> None:
        ids = [business_id for business_id, _ in chosen_histories(business)]
        # Recorded first, so that the export contains its own entry.
        about = ids[0] if business else INSTALLATION
        record_export(about, what="history", since=since.isoformat() if since else None)
        lines = export_lines(ids, since=since, at=now())
        if output == "-":
            for line in lines:
                self.stdout.write(line, ending="")
            return
        try:
            with _opened(output) as stream:
                stream.writelines(lines)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.", returncode=2) from error


def _opened(path: str) -> TextIO:
    """Open a file for writing that nobody else may read: it names customers."""
    # 0600 from the first byte on; a chmod after open() would leave a moment in which others read it. A file that exists
    # already keeps its mode.
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
