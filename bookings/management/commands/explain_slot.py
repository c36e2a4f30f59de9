"""Say why a time is not free, or was refused: for support, at a terminal."""

from argparse import ArgumentParser
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from bookings.explain.asked_time import read_time
from bookings.explain.explanation import explain
from bookings.explain.terminal_text import as_text
from bookings.lookups import id_or_slug
from businesses.identity.inside_business import inside
from businesses.models import Business, Service, Staff
from rhivo.clock import now
from rhivo.errors import RhivoError

T = TypeVar("T", Service, Staff)


class Command(BaseCommand):
    help = (
        "Explain why a start of a service is free or not: what slot search says, the rules behind it, what is in the"
        " way, and what took and freed the time. With --at also how it was at an earlier instant. Names customers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subdomain", metavar="SUBDOMAIN")
        parser.add_argument("service", metavar="SERVICE", help="id or slug, also of one that is switched off")
        parser.add_argument(
            "start",
            metavar="START",
            help="local time of the business, such as '2026-12-01 10:00', or with an offset, 2026-12-01T10:00+01:00",
        )
        parser.add_argument("--at", metavar="INSTANT", help="also explain this earlier instant; written like START")
        parser.add_argument("--staff", metavar="SLUG", help="for this person (id or slug), not for anyone")
        parser.add_argument("--places", type=int, choices=range(1, 1001), default=1, metavar="N", help="in a class (1)")

    def handle(
        self,
        *,
        subdomain: str,
        service: str,
        start: str,
        at: str | None,
        staff: str | None,
        places: int,
        **options: Any,
    ) -> None:
        business = Business.objects.filter(subdomain=subdomain).first()
        if business is None:
            raise CommandError(f"There is no business “{subdomain}”.")
        try:
            asked = read_time(start, business.zone)
            then = read_time(at, business.zone).instant if at is not None else None
            with inside(business):
                explained = explain(
                    business,
                    _named(Service.objects.filter(business=business), service, "service"),
                    asked.instant,
                    at=now(),
                    staff=_named(Staff.objects.filter(business=business), staff, "staff member") if staff else None,
                    places=places,
                    then=then,
                    remark=asked.remark,
                )
        except RhivoError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(as_text(explained), ending="")


def _named(rows: "QuerySet[T]", value: str, what: str) -> T:
    """Return the row with an id or slug, switched off or not; raises CommandError."""
    field, wanted = id_or_slug(value)
    # PostgreSQL takes no text with a null character: asked for, it would be a traceback.
    found = rows.filter(**{field: wanted}).first() if "\0" not in value else None
    if found is None:
        raise CommandError(f"There is no {what} “{value}”.")
    return found
