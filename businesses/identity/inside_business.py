"""Working inside one business from a terminal, where no other business can be seen."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from businesses.models import Business
from rhivo.claims import Claims, acting_as


@contextmanager
def inside(business: Business) -> Iterator[None]:
    """Run a block as the owner of a business, in a transaction in which row security hides every other one."""
    # LOCAL, so that the role goes back with the transaction. rhivo_worker, as whom commands log in, has policies that
    # reach across businesses; rhivo_app has none.
    with acting_as(Claims(business_id=business.id, role="owner")), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE rhivo_app")
        yield
