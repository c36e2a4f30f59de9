"""A Django shell inside one business, which must be named.

Claims hold inside transactions only, so no line runs outside one: given code is one transaction, and each input at the
prompt is one of its own.
"""

import sys
from argparse import ArgumentParser
from code import InteractiveConsole
from contextlib import suppress
from types import CodeType
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import shell

from businesses.identity.inside_business import inside
from businesses.models import Business

with suppress(ImportError):
    import readline  # noqa: F401 - once imported, it lets lines at a prompt be edited and recalled


class TenantConsole(InteractiveConsole):
    """A prompt whose every input is a transaction of its own, undone if it raises."""

    def __init__(self, business: Business, names: dict[str, Any]) -> None:
        super().__init__(names)
        self._business = business

    def runcode(self, code: CodeType) -> None:
        try:
            # `inside` takes the role of the web processes, because the worker's policies reach across tenants. The
            # history still names the login, which is the operator's.
            with inside(self._business):
                exec(code, self.locals)  # noqa: S102
        except SystemExit:
            raise  # exit() and quit()
        except BaseException:  # noqa: BLE001 - a prompt shows whatever was raised and goes on
            self.showtraceback()


class Command(shell.Command):
    help = "Open a Django shell as the owner of one business; -c CODE or standard input runs in one transaction."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subdomain", metavar="SUBDOMAIN")
        parser.add_argument("-c", "--command", metavar="CODE", help="run this as one transaction and exit")

    def handle(self, *, subdomain: str, command: str | None, **options: Any) -> None:  # type: ignore[override]
        business = Business.objects.filter(subdomain=subdomain).first()
        if business is None:
            raise CommandError(f"There is no business “{subdomain}”.")
        self.stderr.write(f"Acting as the owner of {business.name} ({business.subdomain}), as no person.", str)
        names = {**self.get_namespace(verbosity=0), "business": business}
        if command is None and sys.stdin.isatty():
            banner = "`business` and all models are at hand. Each input is one transaction: what raises is undone."
            TenantConsole(business, names).interact(banner=banner, exitmsg="")
            return
        with inside(business):
            exec(sys.stdin.read() if command is None else command, names)  # noqa: S102
