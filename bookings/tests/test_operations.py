"""Holding, committing, changing: what each does, and that each refusal changes nothing."""

from datetime import timedelta

import pytest

from bookings.errors import SlotUnavailable
from bookings.models import BusyTime
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.shops import Shop

pytestmark = pytest.mark.django_db


def claims_on(shop: Shop) -> list[tuple[object, ...]]:
    with acting_as(shop.public):
        rows = BusyTime.objects.filter(business_id=shop.business.id)
        return sorted(rows.values_list("source_id", "staff_id", "during", "expires_at"), key=str)


def test_a_hold_takes_its_time_and_end_and_price_from_the_service(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"), shop.service(buffer_after_minutes=10))
    assert hold.ends_at - hold.starts_at == timedelta(minutes=30)
    assert (hold.price_cents, hold.currency, hold.buffer_after_minutes) == (2500, "EUR", 10)
    assert timedelta(minutes=9) < hold.expires_at - now() <= timedelta(minutes=10)


def test_a_full_slot_refuses_and_changes_nothing(shop: Shop) -> None:
    shop.hold(shop.at("10:00"))
    before = claims_on(shop)
    with pytest.raises(SlotUnavailable) as refusal:
        shop.hold(shop.at("10:00"))
    near = [start.strftime("%H:%M") for start in refusal.value.extra["alternatives"]]
    assert near == ["09:30", "10:30", "09:00"]
    assert claims_on(shop) == before


def test_committing_a_hold_makes_an_appointment_that_keeps_its_claim(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    booked = shop.commit(hold)
    assert booked.created
    assert booked.appointment.reference.startswith("RHV-")
    [(source, _, _, expires)] = claims_on(shop)
    assert (source, expires) == (booked.appointment.id, None)
