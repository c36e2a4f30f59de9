"""Staff note down afterwards what took place, by an override of the notice."""

from uuid import uuid4

import pytest

from bookings import operations
from bookings.errors import SlotUnavailable
from bookings.rules.reasons import Override
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import GINO, Shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_time_long_past_that_is_taken_is_refused_without_alternatives(shop: Shop) -> None:
    service, start = shop.service(), shop.at("10:00", days=-20)

    def note_down() -> None:
        operations.book_for_customer(
            business=shop.business,
            service=service,
            start=start,
            contact=GINO,
            key=uuid4().hex,
            at=now(),
            overrides=[Override.NOTICE],
        )

    with acting_as(shop.owners):
        note_down()
        with pytest.raises(SlotUnavailable) as refused:
            note_down()
    assert refused.value.extra["alternatives"] == []
