"""Recompute every hash of the history, to show that nobody has rewritten it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from audit.chain.verify import verify_history
from rhivo.shell.chosen_histories import chosen_histories, instant
from rhivo.text.plurals import counted


class Command(BaseCommand):
    help = (
        "Recompute every hash, chain and seal of the history and compare rows with their last entries. Prints the first"
        " thing that is wrong in each business. Exit code 1 if anything is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--business", metavar="SUBDOMAIN", help="only this one; its id, if it is gone")
        parser.add_argument(
            "--since", metavar="WHEN", type=instant, help="a date or an instant in UTC: trust the seal before it"
        )

    def handle(self, *, business: str | None, since: Any, **options: Any) -> None:
        entries = seals = histories = damaged = 0
        # One business after the other to the end: that one history is damaged says nothing of the rest.
        for business_id, name in chosen_histories(business):
            histories += 1
            verified = verify_history(business_id, since=since)
            entries, seals = entries + verified.entries, seals + verified.seals
            if verified.problem:
                damaged += 1
                self.stdout.write(f"{name}: {verified.problem}.")
        looked_at = f"{counted(entries, 'entry', 'entries')}, {counted(seals, 'seal')}"
        if damaged:
            raise CommandError(f"{looked_at}: history is damaged in {damaged} of {histories}.")
        self.stdout.write(f"{looked_at}, all intact")
