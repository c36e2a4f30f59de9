"""Several services in one go: held, committed, told and canceled together."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from bookings import operations
from bookings.errors import DeadlinePassed, PartsInvalid, SlotUnavailable, TooManyHolds
from bookings.load_calendar import WantedPart
from bookings.models import Appointment, BusyTime, Reservation, Status
from bookings.operations import Held
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.errors import IdempotencyMismatch, VersionConflict
from rhivo.testing.builder import GINO, Shop
from rhivo.testing.race import race
from rhivo.tokens import token_hash

pytestmark = pytest.mark.django_db
COMMITTED = pytest.mark.django_db(transaction=True)


def hold_visit(shop: Shop, *slugs: str, start: str = "10:00", **options: Any) -> Held:
    parts = [WantedPart(shop.services[slug]) for slug in slugs]
    values: dict[str, Any] = {"start": shop.at(start), "key": uuid4().hex, "at": now()} | options
    with acting_as(shop.public):
        return operations.hold_visit(business=shop.business, parts=parts, **values)


def parts_of(shop: Shop) -> list[Appointment]:
    with acting_as(shop.employees), transaction.atomic():
        return list(Appointment.objects.filter(business=shop.business).order_by("part"))


def messages(shop: Shop) -> list[NotificationLog]:
    with acting_as(shop.owners), transaction.atomic():
        return list(NotificationLog.objects.filter(business_id=shop.business.id).order_by("created_at"))


def occupied(shop: Shop) -> int:
    with acting_as(shop.public), transaction.atomic():
        return BusyTime.objects.filter(business_id=shop.business.id).count()


@pytest.fixture(autouse=True)
def services(shop: Shop) -> None:
    shop.service("wash", staff=["anna"], duration_minutes=15, buffer_after_minutes=10)
    shop.service("cut", staff=["anna", "bob"], duration_minutes=30, price_cents=3000)
    shop.service("class", is_group=True, max_simultaneous_bookings=5)


def test_the_parts_follow_each_other_and_the_same_person_goes_on_without_buffers(shop: Shop) -> None:
    held = hold_visit(shop, "wash", "cut")
    with acting_as(shop.public.with_(reservation_id=held.reservation.id)), transaction.atomic():
        rows = list(Reservation.objects.filter(visit_id=held.reservation.id).order_by("part"))
    start = shop.at("10:00")
    assert [(row.starts_at, row.ends_at) for row in rows] == [
        (start, start + timedelta(minutes=15)),
        (start + timedelta(minutes=15), start + timedelta(minutes=45)),
    ]
    assert [row.staff_id for row in rows] == [shop.person("anna").id] * 2
    assert [row.buffer_after_minutes for row in rows] == [0, 0]
    assert rows[0].expires_at == rows[1].expires_at


def test_a_retried_visit_is_the_same_visit(shop: Shop) -> None:
    first = hold_visit(shop, "wash", "cut", key="the-same-key")
    again = hold_visit(shop, "wash", "cut", key="the-same-key")
    assert (again.created, again.reservation.id) == (False, first.reservation.id)
    with pytest.raises(IdempotencyMismatch):
        hold_visit(shop, "cut", "wash", key="the-same-key")
    assert occupied(shop) == 2


def test_a_visit_that_does_not_fit_names_others_and_holds_nothing(shop: Shop) -> None:
    shop.hold(shop.at("10:00"), shop.services["wash"])
    with pytest.raises(SlotUnavailable) as refused:
        hold_visit(shop, "cut", "wash", start="09:30")
    assert occupied(shop) == 1
    nearest = refused.value.extra["alternatives"]
    assert len(nearest) == 3
    hold_visit(shop, "cut", "wash", start=f"{nearest[0]:%H:%M}")


@pytest.mark.parametrize("slugs", [(), ("cut",) * 6, ("cut", "class")])
def test_a_visit_has_one_to_five_services_and_no_class(shop: Shop, slugs: tuple[str, ...]) -> None:
    with pytest.raises(PartsInvalid):
        hold_visit(shop, *slugs)
    assert occupied(shop) == 0


def test_same_staff_asks_for_one_person(shop: Shop) -> None:
    shop.hold(shop.at("10:30"), shop.services["cut"], staff=shop.person("anna"))
    with pytest.raises(SlotUnavailable):
        hold_visit(shop, "wash", "cut", start="10:00", same_staff=True)


def test_what_is_held_together_counts_as_one_hold(shop: Shop) -> None:
    for hour in range(9, 14):
        hold_visit(shop, "wash", "cut", start=f"{hour}:00".zfill(5), visitor="somebody")
    with pytest.raises(TooManyHolds):
        hold_visit(shop, "wash", "cut", start="15:00", visitor="somebody")


def test_a_visit_is_committed_with_one_reference_and_one_message(shop: Shop) -> None:
    held = hold_visit(shop, "wash", "cut")
    booked = shop.commit(held.reservation)
    parts = parts_of(shop)
    assert [part.service_name for part in parts] == ["Wash", "Cut"]
    assert {part.reference for part in parts} == {booked.appointment.reference}
    assert {part.visit_id for part in parts} == {booked.appointment.id}
    [message] = messages(shop)
    assert (message.context["service"], message.context["price_cents"]) == ("Wash, Cut", 5500)
    assert message.context["end"] == parts[1].ends_at.astimezone(shop.business.zone).isoformat()
    again = shop.commit(held.reservation)
    assert (again.created, again.appointment.id) == (False, booked.appointment.id)
    assert len(messages(shop)) == 1


def test_a_visit_counts_as_one_booking_of_its_customer(shop: Shop) -> None:
    with shop.changes():
        shop.business.max_per_customer_per_day = 2
        shop.business.save(update_fields=["max_per_customer_per_day"])
    for start in ("09:00", "11:00"):
        shop.commit(hold_visit(shop, "wash", "cut", start=start).reservation)
    assert len(parts_of(shop)) == 4


def test_a_guest_cancels_the_whole_visit_with_one_message(shop: Shop) -> None:
    booked = shop.commit(hold_visit(shop, "wash", "cut").reservation)
    assert booked.cancellation_token
    guest = shop.public.with_(cancellation_token=token_hash(booked.cancellation_token))
    second = parts_of(shop)[1]
    with acting_as(guest):
        operations.cancel_appointment(appointment=second, version=1, at=now())
    assert [part.status for part in parts_of(shop)] == [Status.CANCELED] * 2
    assert [message.template for message in messages(shop)] == ["appointment_confirmed", "appointment_canceled"]
    assert occupied(shop) == 0


def test_the_deadline_counts_from_the_start_of_the_visit(shop: Shop) -> None:
    booked = shop.commit(hold_visit(shop, "wash", "cut").reservation)
    assert booked.cancellation_token
    guest = shop.public.with_(cancellation_token=token_hash(booked.cancellation_token))
    first, second = parts_of(shop)
    late = first.starts_at - timedelta(hours=24) + timedelta(minutes=1)
    with acting_as(guest), pytest.raises(DeadlinePassed):
        operations.cancel_appointment(appointment=second, version=1, at=late)
    assert [part.status for part in parts_of(shop)] == [Status.CONFIRMED] * 2


def test_staff_cancel_one_part(shop: Shop) -> None:
    shop.commit(hold_visit(shop, "wash", "cut").reservation)
    second = parts_of(shop)[1]
    with acting_as(shop.employees):
        operations.cancel_appointment(appointment=second, version=1, at=now(), whole_visit=False)
        with pytest.raises(VersionConflict):
            operations.cancel_appointment(appointment=parts_of(shop)[0], version=2, at=now())
    assert [part.status for part in parts_of(shop)] == [Status.CONFIRMED, Status.CANCELED]
    assert messages(shop)[-1].context["service"] == "Cut"
    assert occupied(shop) == 1


@COMMITTED
@pytest.mark.race
def test_one_visit_committed_twenty_times_is_one_visit(shop: Shop) -> None:
    held = hold_visit(shop, "wash", "cut")
    outcomes = race(20, lambda n: shop.commit(held.reservation, GINO, key=f"key-number-{n}").appointment.reference)
    assert list(outcomes.values()) == [20]
    assert len(parts_of(shop)) == 2
    assert len(messages(shop)) == 1


@COMMITTED
@pytest.mark.race
def test_visits_race_for_the_same_people(shop: Shop) -> None:
    orders = [("wash", "cut"), ("cut", "wash")]
    outcomes = race(40, lambda n: "held" if hold_visit(shop, *orders[n % 2], same_staff=True).created else "")
    assert outcomes["held"] == 1
    assert set(outcomes) <= {"held", "SLOT_UNAVAILABLE"}
    assert occupied(shop) == 2
