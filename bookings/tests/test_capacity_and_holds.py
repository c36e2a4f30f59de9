"""Holding a slot: what counts towards capacity, who is chosen, how long a hold lives and whose it is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from bookings import operations
from bookings.contact import Contact
from bookings.errors import (
    HoldExpired,
    ServiceUnavailable,
    SlotUnavailable,
    StaffUnavailable,
)
from bookings.models import Reservation
from bookings.tests.shop_state import COMMITTED, change_service, everything, occupancy_of
from businesses.models import ServiceStaff
from rhivo.claims import Claims, acting_as
from rhivo.clock import now
from rhivo.errors import IdempotencyMismatch, NotFound
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db
JUST_BEFORE_NOW = timedelta(minutes=9, seconds=59)


# Capacity


def test_a_hold_takes_its_time_and_end_and_price_from_the_service(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"), shop.service(buffer_after_minutes=10))
    assert hold.ends_at - hold.starts_at == timedelta(minutes=30)
    assert (hold.price_cents, hold.currency, hold.buffer_after_minutes) == (2500, "EUR", 10)
    assert timedelta(minutes=9) < hold.expires_at - now() <= timedelta(minutes=10)


def test_a_full_slot_refuses_and_changes_nothing(shop: Shop) -> None:
    shop.hold(shop.at("10:00"))
    before = occupancy_of(shop)
    with pytest.raises(SlotUnavailable) as refusal:
        shop.hold(shop.at("10:00"))
    near = [start.strftime("%H:%M") for start in refusal.value.extra["alternatives"]]
    assert near == ["09:30", "10:30", "09:00"]
    assert occupancy_of(shop) == before


@COMMITTED
def test_capacity_bounds_the_peak_not_how_many_overlap(shop: Shop) -> None:
    shop.service("half", max_simultaneous_bookings=2)
    service = shop.services["half"]
    shop.hold(shop.at("09:00"), service)
    shop.hold(shop.at("09:30"), service)
    change_service(shop, "half", duration_minutes=60)
    shop.hold(shop.at("09:00"), service)
    before = everything(shop)
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at("09:00"), service)
    assert everything(shop) == before


@pytest.mark.parametrize(("start", "fits"), [("11:10", False), ("11:15", True), ("08:45", True), ("09:00", False)])
def test_buffers_keep_their_distance(start: str, fits: bool, shops: Callable[..., Shop]) -> None:
    shop = shops(slot_interval_minutes=5)
    service = shop.service(duration_minutes=60, buffer_after_minutes=15)
    shop.hold(shop.at("10:00"), service)
    before = everything(shop)
    if fits:
        shop.hold(shop.at(start), service)
    else:
        with pytest.raises(SlotUnavailable):
            shop.hold(shop.at(start), service)
        assert everything(shop) == before


def test_the_bookings_of_a_class_share_one_teacher_up_to_its_capacity(shop: Shop) -> None:
    service = shop.service("class", staff=["anna", "bob"], is_group=True, max_simultaneous_bookings=3)
    people = {shop.hold(shop.at(), service).staff_id for _ in range(3)}
    assert len(people) == 1
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at(), service)


def test_the_teacher_of_a_class_has_no_other_booking_then(shop: Shop) -> None:
    service = shop.service("class", staff=["anna"], is_group=True, max_simultaneous_bookings=3)
    other = shop.service("cut", staff=["anna"])
    shop.hold(shop.at(), service)
    before = everything(shop)
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at(), other)
    assert everything(shop) == before


def test_anyone_means_who_has_the_fewest_bookings_that_day_then_the_first_name(shop: Shop) -> None:
    service = shop.service(staff=["carla", "bob", "anna"], max_simultaneous_bookings=9)
    anna, bob, carla = (shop.person(slug).id for slug in ("anna", "bob", "carla"))
    assert shop.hold(shop.at("10:00"), service).staff_id == anna
    assert shop.hold(shop.at("12:00"), service).staff_id == bob
    assert shop.hold(shop.at("14:00"), service, staff=shop.person("carla")).staff_id == carla
    assert shop.hold(shop.at("12:00"), service).staff_id == anna
    assert shop.hold(shop.at("10:00"), service).staff_id == bob
    assert shop.hold(shop.at("10:00"), service).staff_id == carla


def test_a_person_is_in_one_place_across_services(shop: Shop) -> None:
    shop.hold(shop.at(), shop.service("cut", staff=["anna"]))
    before = everything(shop)
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at(), shop.service("wash", staff=["anna"]))
    assert everything(shop) == before


def test_a_person_who_does_not_do_the_service_is_refused(shop: Shop) -> None:
    service = shop.service(staff=["anna"])
    with pytest.raises(StaffUnavailable):
        shop.hold(shop.at(), service, staff=shop.person("bob"))
    assert occupancy_of(shop) == []


def test_an_inactive_service_is_not_held_and_not_booked(shop: Shop) -> None:
    service = shop.service(is_active=False)
    for attempt in (shop.hold, shop.book_by_staff):
        with pytest.raises(ServiceUnavailable):
            attempt(shop.at(), service)
    assert occupancy_of(shop) == []


# Holds


def test_a_hold_counts_nowhere_from_the_instant_it_expires_and_its_key_is_free(shop: Shop) -> None:
    old = shop.hold(shop.at(), key="the-same-key", at=now() - timedelta(minutes=10))
    new = shop.hold(shop.at(), key="the-same-key")
    assert new.id != old.id
    [(source, *_)] = occupancy_of(shop)
    assert source == new.id
    before = everything(shop)
    with pytest.raises(HoldExpired):
        shop.commit(old)
    assert everything(shop) == before


def test_a_live_hold_still_counts_in_its_last_seconds(shop: Shop) -> None:
    shop.hold(shop.at(), at=now() - JUST_BEFORE_NOW + timedelta(seconds=30))
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at())


def test_a_hold_never_outlives_what_the_business_allows(shops: Callable[..., Shop]) -> None:
    shop = shops(hold_minutes=5)
    hold = shop.hold(shop.at(), at=now() + timedelta(hours=5))
    assert hold.expires_at - now() <= timedelta(minutes=5, seconds=1)


def test_the_same_key_gives_the_same_hold_and_a_different_request_is_refused(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=9)
    first = shop.hold(shop.at(), service, key="the-same-key")
    assert shop.hold(shop.at(), service, key="the-same-key").id == first.id
    before = everything(shop)
    for options in ({"start": shop.at("12:00")}, {"start": shop.at(), "claims": shop.customers}):
        with pytest.raises(IdempotencyMismatch):
            shop.hold(service=service, key="the-same-key", **options)
    assert everything(shop) == before


def test_a_signed_in_customers_hold_is_not_committed_by_another(shop: Shop, other_shop: Shop) -> None:
    hold = shop.hold(shop.at(), claims=shop.customers)
    before = everything(shop)
    stranger = Claims(business_id=shop.business.id, user_id=other_shop.customer.id, role="customer")
    for claims in (shop.public, stranger):
        with pytest.raises(NotFound):
            shop.commit(hold, claims=claims)
    assert everything(shop) == before
    assert shop.commit(hold, claims=shop.customers).appointment.customer_id == shop.customer.id


def test_a_released_hold_frees_its_time_and_is_not_committed(shop: Shop) -> None:
    hold = shop.hold(shop.at())
    with acting_as(shop.public.with_(reservation_id=hold.id)):
        operations.release_hold(reservation=hold)
        operations.release_hold(reservation=hold)
    assert occupancy_of(shop) == []
    with pytest.raises(HoldExpired):
        shop.commit(hold)


def test_whoever_commits_a_booked_hold_with_other_details_learns_nothing(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    shop.commit(hold, Contact("Gino", "gino@example.com", ""))
    with pytest.raises(IdempotencyMismatch) as refusal:
        shop.commit(hold, Contact("Eve", "eve@example.com", ""))
    assert "gino" not in str(refusal.value).lower()


def test_whoever_asks_for_a_person_is_given_that_person_or_nothing(shop: Shop) -> None:
    chair = shop.service("chair")
    lesson = shop.service("class", staff=["anna"], is_group=True, max_simultaneous_bookings=1)
    bob = shop.person("bob")
    shop.hold(shop.at("10:00"), lesson)
    for service in (chair, lesson):
        with pytest.raises((StaffUnavailable, SlotUnavailable)):
            shop.hold(shop.at("10:00"), service, staff=bob)
    with acting_as(shop.employees), transaction.atomic():
        assert Reservation.objects.filter(business=shop.business).count() == 1


@COMMITTED
def test_nobody_joins_a_class_whose_teacher_does_not_give_it_any_more(shop: Shop) -> None:
    lesson = shop.service("class", staff=["anna", "bob", "carl"], is_group=True, max_simultaneous_bookings=5)
    host = shop.hold(shop.at("10:00"), lesson).staff_id
    assert host
    with shop.changes():
        ServiceStaff.objects.filter(service=lesson, staff_id=host).delete()
    with pytest.raises(SlotUnavailable):
        shop.hold(shop.at("10:00"), lesson)


@COMMITTED
def test_a_retried_hold_comes_back_though_its_service_is_not_offered_any_more(shop: Shop) -> None:
    service, start = shop.service(), shop.at("10:00")
    first = shop.hold(start, service, key="the-same-key")
    with shop.changes():
        service.is_active = False
        service.save(update_fields=["is_active"])
    assert shop.hold(start, service, key="the-same-key").id == first.id
    with pytest.raises(ServiceUnavailable):
        shop.hold(start, service)
