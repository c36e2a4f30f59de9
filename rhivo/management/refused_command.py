"""Commands of Django's that cannot work here: they end with what to do instead, not in a traceback."""

from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError


class RefusedCommand(BaseCommand):
    """Refuse with `instead`, whatever arguments were given."""

    instead: ClassVar[str]
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2])

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        raise CommandError(self.instead)
