"""Resources that staff pick for a booking: that one or none, and never beyond its capacity."""

import random
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from bookings import operations
from bookings.errors import OnePlaceOnly, ResourceNotNeeded, SlotUnavailable
from bookings.load_calendar import calendar_of_days
from bookings.models import Appointment
from bookings.rules.reasons import Reason
from bookings.rules.slots import Slot
from businesses.models import Resource, Service
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.errors import IdempotencyMismatch
from rhivo.testing.builder import GINO, Shop
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bath(shop: Shop) -> Service:
    """A service that needs one of two rooms; the rules choose the first."""
    shop.resource("room-1"), shop.resource("room-2")
    return shop.service("bath", needs=["room"])


def booked(shop: Shop) -> list[Appointment]:
    with acting_as(shop.owners), transaction.atomic():
        return list(Appointment.objects.filter(business=shop.business).order_by("created_at"))


def reschedule(shop: Shop, row: Appointment, **options: Any) -> Appointment:
    with acting_as(shop.employees):
        given: dict[str, Any] = {"start": row.starts_at, "version": row.version, "at": now()} | options
        return operations.reschedule_appointment(appointment=row, **given)


def test_the_room_that_staff_pick_is_taken_and_another_one_without_a_pick(shop: Shop, bath: Service) -> None:
    first, second = shop.resource("room-1"), shop.resource("room-2")
    assert shop.book_by_staff(shop.at(), bath, resources=[second]).resource_ids == [second.id]
    assert shop.book_by_staff(shop.at("12:00"), bath).resource_ids == [first.id]


def test_a_picked_room_that_is_taken_is_refused_with_times_at_which_it_is_free(shop: Shop, bath: Service) -> None:
    second = shop.resource("room-2")
    shop.book_by_staff(shop.at("10:00"), bath, resources=[second])
    with pytest.raises(SlotUnavailable) as refused:
        shop.book_by_staff(shop.at("10:00"), bath, resources=[second])
    assert len(booked(shop)) == 1
    nearest = refused.value.extra["alternatives"]
    assert nearest
    assert shop.at("10:00") not in nearest
    assert shop.book_by_staff(nearest[0], bath, resources=[second]).resource_ids == [second.id]


@pytest.mark.parametrize("which", ["switched off", "of another tenant"])
def test_a_room_that_cannot_be_used_is_not_replaced_by_another(
    which: str, shop: Shop, other_shop: Shop, bath: Service
) -> None:
    wrong = shop.resource("room-3", is_active=False) if which == "switched off" else other_shop.resource("room-1")
    with pytest.raises(SlotUnavailable):
        shop.book_by_staff(shop.at(), bath, resources=[wrong])
    assert booked(shop) == []


def test_a_pick_of_a_kind_that_the_service_does_not_need_is_refused(shop: Shop, bath: Service) -> None:
    tub = shop.resource("tub", kind="tub")
    for service in (bath, shop.service("cut")):
        with pytest.raises(ResourceNotNeeded):
            shop.book_by_staff(shop.at(), service, resources=[tub])
    assert booked(shop) == []


def test_of_a_kind_that_nobody_picked_the_rules_choose(shop: Shop) -> None:
    room, tub = shop.resource("room-2"), shop.resource("tub-1", kind="tub")
    shop.resource("room-1"), shop.resource("tub-2", kind="tub")
    spa = shop.service("spa", needs=["room", "tub"])
    assert set(shop.book_by_staff(shop.at(), spa, resources=[room]).resource_ids) == {room.id, tub.id}


def test_a_class_stays_in_its_room_whatever_is_picked_later(shop: Shop) -> None:
    hall, cellar = shop.resource("hall"), shop.resource("cellar")
    yoga = shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=6)
    shop.book_by_staff(shop.at(), yoga, resources=[hall], places=2)
    with pytest.raises(SlotUnavailable):
        shop.book_by_staff(shop.at(), yoga, resources=[cellar])
    assert shop.book_by_staff(shop.at(), yoga, resources=[hall]).resource_ids == [hall.id]
    assert [row.places for row in booked(shop)] == [2, 1]


def test_one_key_books_one_room(shop: Shop, bath: Service) -> None:
    first, second, key = shop.resource("room-1"), shop.resource("room-2"), uuid4().hex
    made = shop.book_by_staff(shop.at(), bath, resources=[second], key=key)
    assert shop.book_by_staff(shop.at(), bath, resources=[second], key=key).pk == made.pk
    with pytest.raises(IdempotencyMismatch):
        shop.book_by_staff(shop.at(), bath, resources=[first], key=key)
    assert len(booked(shop)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_what_is_offered_for_a_picked_room_can_be_booked_and_nothing_else(seed: int, shop: Shop) -> None:
    chance = random.Random(seed)
    rooms = [shop.resource("room-1"), shop.resource("hall", max_simultaneous_bookings=2), shop.resource("room-2")]
    bath = shop.service("bath", needs=["room"], buffer_after_minutes=10)
    yoga = shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=3)
    for _ in range(14):
        start, places = shop.at(f"{chance.randrange(8, 19):02}:{chance.choice(['00', '30'])}"), chance.randint(1, 2)
        with suppress(SlotUnavailable):
            if chance.random() < 0.5:
                shop.book_by_staff(start, bath, resources=[chance.choice(rooms)])
            else:
                shop.book_by_staff(start, yoga, resources=[chance.choice(rooms)], places=places)
    day = shop.at().astimezone(shop.business.zone).date()
    seen = set()
    for service, places in ((bath, 1), (yoga, 1), (yoga, 2)):
        for room in rooms:
            wanted: dict[str, Any] = {"places": places, "resources": [room]}
            with acting_as(shop.employees), transaction.atomic():
                calendar = calendar_of_days(shop.business, service, first=day, last=day, at=now(), **wanted)
                [(_, slots)] = calendar.days(day, day, at=now(), include_unavailable=True)
            for slot in slots:
                if slot.reason in (None, Reason.FULL):
                    seen.add(slot.reason)
                    assert books(shop, service, slot, **wanted) == (slot.reason is None), (room, slot)
    assert seen == {None, Reason.FULL}


def books(shop: Shop, service: Service, slot: Slot, **wanted: Any) -> bool:
    """Tell whether a slot can be booked, and leave it as it was."""
    with acting_as(shop.employees), transaction.atomic():
        try:
            made = operations.book_for_customer(
                business=shop.business,
                service=service,
                start=slot.start,
                contact=GINO,
                key=uuid4().hex,
                at=now(),
                **wanted,
            )
        except SlotUnavailable:
            return False
        transaction.set_rollback(True)
    assert made.appointment.resource_ids == list(slot.resources)
    return True


@pytest.mark.race
def test_a_picked_room_is_booked_once_by_many_at_a_time(shop: Shop, bath: Service) -> None:
    def book(_: int) -> str:
        try:
            shop.book_by_staff(shop.at(), bath, resources=[shop.resource("room-2")])
        except SlotUnavailable:
            return "refused"
        return "booked"

    assert race(12, book) == {"booked": 1, "refused": 11}
    assert [row.resource_ids for row in booked(shop)] == [[shop.resource("room-2").id]]


def test_a_booking_gets_another_room_at_its_own_time(shop: Shop, bath: Service) -> None:
    first, second = shop.resource("room-1"), shop.resource("room-2")
    row = shop.book_by_staff(shop.at(), bath)
    assert reschedule(shop, row, resources=[first]).version == row.version
    after = reschedule(shop, row, resources=[second])
    assert (after.resource_ids, after.starts_at, after.version) == ([second.id], row.starts_at, row.version + 1)
    assert shop.book_by_staff(shop.at(), bath).resource_ids == [first.id]


def test_a_booking_whose_new_room_is_taken_stays_as_it_is(shop: Shop, bath: Service) -> None:
    row = shop.book_by_staff(shop.at(), bath)
    shop.book_by_staff(shop.at(), bath, resources=[shop.resource("room-2")])
    refused: list[tuple[type[Exception], list[Resource]]] = [
        (SlotUnavailable, [shop.resource("room-2")]),
        (ResourceNotNeeded, [shop.resource("tub", kind="tub")]),
    ]
    for error, picked in refused:
        with pytest.raises(error):
            reschedule(shop, row, resources=picked)
    assert booked(shop)[0].version == row.version


def test_several_places_go_to_another_class_alone(shop: Shop) -> None:
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=6)
    row = shop.book_by_staff(shop.at(), yoga, places=3)
    with pytest.raises(OnePlaceOnly):
        reschedule(shop, row, service=shop.service("cut"))
    pilates = shop.service("pilates", is_group=True, max_simultaneous_bookings=3)
    after = reschedule(shop, row, service=pilates)
    assert (after.places, after.service_id) == (3, pilates.id)
