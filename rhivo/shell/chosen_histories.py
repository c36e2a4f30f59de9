"""Which histories a command is about, and since when, as an operator names them."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from django.core.management import CommandError

from audit.chain.entries import INSTALLATION, businesses_with_history
from businesses.models import Business


def instant(text: str) -> datetime:
    """Return a date (its beginning) or an instant, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a date such as 2027-01-31 nor 2027-01-31T09:00:00Z") from error
    return found.replace(tzinfo=found.tzinfo or UTC)


def chosen_histories(named: str | None) -> Iterator[tuple[UUID, str]]:
    """Yield id and name of the business at a subdomain or with an id, of all there are or were without one.

    Runs as the worker role. Raises CommandError for a business of which nothing is known.
    """
    known = dict(Business.objects.values_list("id", "subdomain"))
    # A business that is gone has no row, but its history and its seals are still there.
    everyone = {INSTALLATION, *known, *businesses_with_history()}
    if named is None:
        for business_id in sorted(everyone):
            yield business_id, known.get(business_id) or _name_of(business_id)
        return
    found = [one for one in everyone if named in (known.get(one), str(one))]
    if not found:
        raise CommandError(
            f"There is no business “{named}”: give its subdomain, or its id if it is gone.", returncode=2
        )
    yield found[0], named


def _name_of(business_id: UUID) -> str:
    return "the installation" if business_id == INSTALLATION else f"the former business {business_id}"
