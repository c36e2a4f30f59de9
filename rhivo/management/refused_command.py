"""Commands of Django's that cannot work here: they say what to do instead, and do not end in a traceback."""

from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError


class RefusedCommand(BaseCommand):
    """Refuse with `instead`, whatever arguments are given."""

    instead: ClassVar[str]
    # The checks may need a database, and the refusal holds without one.
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        # Program and command only: argparse would refuse Django's options of the real command before `handle` speaks.
        super().run_from_argv(argv[:2])

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        raise CommandError(self.instead)
