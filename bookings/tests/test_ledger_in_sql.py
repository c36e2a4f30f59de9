"""What the ledger itself allows and refuses: places, people, rooms and processing time, written by hand."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import transaction

from bookings.models import BusyTime
from businesses.models import Resource, Service, Staff
from rhivo.claims import acting_as, set_config_sql
from rhivo.local.processes import wait_until
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.factories import ServiceStaffFactory
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
    INSERT INTO reservations (id, business_id, service_id, staff_id, resource_ids, places, starts_at, expires_at, status,
                              visitor, request_fingerprint)
    VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp() + interval '10 minutes', 'held', '', '')
"""


def hold_by_hand(
    shop: Shop,
    service: Service,
    start: datetime,
    *,
    staff: Staff | None = None,
    rooms: Sequence[Resource | UUID] = (),
    places: int = 1,
) -> str:
    """Hold by an INSERT of rhivo_app's; return "held" or the name of what refused it."""
    hold = uuid4()
    resources = [room if isinstance(room, UUID) else room.id for room in rooms]
    values = [hold, shop.business.id, service.id, staff.id if staff else None, resources, places, start]
    with raw("app") as app:
        try:
            with app.transaction():
                app.execute(set_config_sql(shop.public.with_(reservation_id=hold)))
                app.execute(INSERT, values)
        except psycopg.Error as error:
            return error.diag.constraint_name or str(error)
    return "held"


def segments(shop: Shop) -> int:
    with acting_as(shop.public), transaction.atomic():
        return BusyTime.objects.filter(business_id=shop.business.id).count()


def set_capacity(shop: Shop, thing: Service | Staff | Resource, capacity: int | None) -> None:
    with shop.changes():
        thing.max_simultaneous_bookings = capacity
        thing.save(update_fields=["max_simultaneous_bookings"])


def test_without_a_number_the_people_are_the_limit(shop: Shop) -> None:
    cut = shop.service(staff=["anna", "bob"])
    assert hold_by_hand(shop, cut, shop.at(), staff=shop.person("anna")) == "held"
    assert hold_by_hand(shop, cut, shop.at(), staff=shop.person("bob")) == "held"
    assert hold_by_hand(shop, cut, shop.at(), staff=shop.person("bob")) == "one_staff_one_place"


def test_a_service_with_neither_number_nor_people_takes_one(shop: Shop) -> None:
    chair = shop.service("chair")
    assert hold_by_hand(shop, chair, shop.at()) == "held"
    assert hold_by_hand(shop, chair, shop.at()) == "service_capacity"


def test_a_number_below_the_people_is_a_limit(shop: Shop) -> None:
    cut = shop.service(staff=["anna", "bob"], max_simultaneous_bookings=1)
    assert hold_by_hand(shop, cut, shop.at(), staff=shop.person("anna")) == "held"
    assert hold_by_hand(shop, cut, shop.at(), staff=shop.person("bob")) == "service_capacity"


def test_a_person_serves_as_many_at_a_time_as_the_owner_said(shop: Shop) -> None:
    anna = shop.person("anna", max_simultaneous_bookings=2)
    needles, cups = shop.service("needles", staff=["anna"]), shop.service("cups", staff=["anna"], duration_minutes=60)
    assert hold_by_hand(shop, needles, shop.at("10:00"), staff=anna) == "held"
    assert hold_by_hand(shop, cups, shop.at("10:00"), staff=anna) == "held"
    assert hold_by_hand(shop, needles, shop.at("10:15"), staff=anna) == "staff_capacity"
    assert hold_by_hand(shop, needles, shop.at("10:30"), staff=anna) == "held"
    assert segments(shop) == 3


def test_a_lower_capacity_of_a_person_counts_what_they_have(shop: Shop) -> None:
    anna, cut = shop.person("anna", max_simultaneous_bookings=2), shop.service(staff=["anna"])
    assert hold_by_hand(shop, cut, shop.at(), staff=anna) == "held"
    set_capacity(shop, anna, 1)
    assert hold_by_hand(shop, cut, shop.at(), staff=anna) == "staff_capacity"
    set_capacity(shop, anna, 2)
    assert hold_by_hand(shop, cut, shop.at(), staff=anna) == "held"
    assert hold_by_hand(shop, cut, shop.at(), staff=anna) == "staff_capacity"


def test_processing_time_frees_the_person_and_nothing_else(shop: Shop) -> None:
    colour = shop.service(
        "colour",
        staff=["anna"],
        needs=["room"],
        duration_minutes=90,
        processing_after_minutes=30,
        processing_minutes=30,
        buffer_after_minutes=10,
    )
    cut = shop.service("cut", staff=["anna"], duration_minutes=20, buffer_after_minutes=10)
    wash, anna, room = shop.service("wash", needs=["room"]), shop.person("anna"), shop.resource("room-1")
    assert hold_by_hand(shop, colour, shop.at("10:00"), staff=anna, rooms=[room]) == "held"
    assert segments(shop) == 4
    for clock in ("10:05", "10:25", "10:35", "10:55", "11:35"):
        assert hold_by_hand(shop, cut, shop.at(clock), staff=anna) == "one_staff_one_place", clock
    assert hold_by_hand(shop, wash, shop.at("10:30"), rooms=[room]) == "resource_capacity"
    assert hold_by_hand(shop, cut, shop.at("10:30"), staff=anna) == "held"
    assert hold_by_hand(shop, cut, shop.at("11:40"), staff=anna) == "held"


def test_two_with_processing_time_fit_into_each_other(shop: Shop) -> None:
    anna = shop.person("anna")
    colour = shop.service(
        "colour", staff=["anna"], duration_minutes=60, processing_after_minutes=20, processing_minutes=20
    )
    assert [hold_by_hand(shop, colour, shop.at(clock), staff=anna) for clock in ("10:00", "10:20", "10:40")] == [
        "held",
        "held",
        "one_staff_one_place",
    ]


def test_a_room_is_used_up_to_its_capacity_by_all_services_together(shop: Shop) -> None:
    room, single = shop.resource("hall", max_simultaneous_bookings=2), shop.resource("cabin", kind="cabin")
    yoga, dance = shop.service("yoga", needs=["room"]), shop.service("dance", needs=["room"])
    bath = shop.service("bath", needs=["cabin"])
    assert hold_by_hand(shop, yoga, shop.at(), rooms=[room]) == "held"
    assert hold_by_hand(shop, dance, shop.at(), rooms=[room]) == "held"
    assert hold_by_hand(shop, dance, shop.at(), rooms=[room]) == "resource_capacity"
    assert hold_by_hand(shop, bath, shop.at(), rooms=[single]) == "held"
    assert hold_by_hand(shop, bath, shop.at(), rooms=[single]) == "resource_capacity"


def test_a_booking_names_one_resource_of_each_kind_that_its_service_needs(
    shop: Shop, shops: Callable[..., Shop]
) -> None:
    bath = shop.service("bath", needs=["room", "tub"])
    room, other = shop.resource("room-1"), shop.resource("room-2")
    tub, chair = shop.resource("tub-1", kind="tub"), shop.resource("chair-1", kind="chair")
    closed, foreign = shop.resource("room-3", is_active=False), shops().resource("room-4")
    for rooms in ([], [room], [room, other], [room, chair], [room, tub, chair], [room, tub, other], [room, room, tub]):
        assert hold_by_hand(shop, bath, shop.at(), rooms=rooms) == "resources_fit_the_service", rooms
    for wrong in (closed, foreign, uuid4()):
        assert hold_by_hand(shop, bath, shop.at(), rooms=[wrong, tub]) == "resources_fit_the_service", wrong
    assert segments(shop) == 0
    assert hold_by_hand(shop, bath, shop.at(), rooms=[tub, room]) == "held"
    assert hold_by_hand(shop, shop.service("cut"), shop.at(), rooms=[other]) == "resources_fit_the_service"


def test_places_of_a_class_count_on_the_service_alone(shop: Shop) -> None:
    room, anna = shop.resource("hall"), shop.person("anna")
    yoga = shop.service("yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6)
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[room], places=3) == "held"
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[room], places=4) == "service_capacity"
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[room], places=3) == "held"
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[room]) == "service_capacity"
    assert segments(shop) == 4


def test_a_class_has_one_teacher_and_one_room(shop: Shop) -> None:
    hall, cellar, anna, bob = shop.resource("hall"), shop.resource("cellar"), shop.person("anna"), shop.person("bob")
    yoga = shop.service("yoga", staff=["anna", "bob"], needs=["room"], is_group=True, max_simultaneous_bookings=6)
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[hall]) == "held"
    assert hold_by_hand(shop, yoga, shop.at(), staff=bob, rooms=[hall]) == "one_staff_a_class"
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[cellar]) == "one_room_a_class"
    assert hold_by_hand(shop, yoga, shop.at("10:30"), staff=bob, rooms=[cellar]) == "held"
    assert hold_by_hand(shop, yoga, shop.at("10:15"), staff=anna, rooms=[hall]) == "one_staff_one_place"


def test_a_class_booked_before_it_had_people_gets_one_teacher(shop: Shop) -> None:
    hall, anna, bob = shop.resource("hall"), shop.person("anna"), shop.person("bob")
    yoga = shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=6)
    assert hold_by_hand(shop, yoga, shop.at(), rooms=[hall]) == "held"
    with shop.changes():
        for person in (anna, bob):
            ServiceStaffFactory.create(business=shop.business, service=yoga, staff=person)
    assert hold_by_hand(shop, yoga, shop.at(), staff=anna, rooms=[hall]) == "held"
    assert hold_by_hand(shop, yoga, shop.at(), staff=bob, rooms=[hall]) == "one_staff_a_class"


def test_a_class_that_needs_no_room_any_more_is_joined_all_the_same(shop: Shop) -> None:
    hall, yoga = shop.resource("hall"), shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=6)
    assert hold_by_hand(shop, yoga, shop.at(), rooms=[hall]) == "held"
    with shop.changes():
        yoga.needs.all().delete()
    assert hold_by_hand(shop, yoga, shop.at()) == "held"
    assert shop.hold(shop.at(), yoga).resource_ids == []


def test_a_class_is_one_use_of_a_shared_room_however_many_take_part(shop: Shop) -> None:
    hall = shop.resource("hall", max_simultaneous_bookings=2)
    yoga = shop.service("yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6)
    dance = shop.service("dance", needs=["room"], is_group=True, max_simultaneous_bookings=6)
    for _ in range(3):
        assert hold_by_hand(shop, yoga, shop.at(), staff=shop.person("anna"), rooms=[hall]) == "held"
    assert hold_by_hand(shop, dance, shop.at("10:15"), rooms=[hall]) == "held"
    assert hold_by_hand(shop, dance, shop.at("10:15"), rooms=[hall]) == "held"
    assert hold_by_hand(shop, dance, shop.at("10:00"), rooms=[hall]) == "resource_capacity"


def test_a_class_without_a_teacher_is_one_use_of_its_room(shop: Shop) -> None:
    hall = shop.resource("hall")
    yoga = shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=2)
    assert [hold_by_hand(shop, yoga, shop.at(), rooms=[hall]) for _ in range(3)] == ["held", "held", "service_capacity"]


def test_only_a_class_takes_several_places(shop: Shop) -> None:
    cut = shop.service(max_simultaneous_bookings=5)
    assert hold_by_hand(shop, cut, shop.at(), places=2) == "places_are_for_classes"
    assert hold_by_hand(shop, cut, shop.at(), places=0) == "reservation_places_in_range"
    assert segments(shop) == 0


@pytest.mark.race
def test_a_shared_room_is_never_used_beyond_its_capacity(shop: Shop) -> None:
    hall = shop.resource("hall", max_simultaneous_bookings=2)
    services = [shop.service(f"s{n}", needs=["room"], max_simultaneous_bookings=9) for n in range(4)]
    outcomes = race(40, lambda n: hold_by_hand(shop, services[n % 4], shop.at(), rooms=[hall]))
    assert outcomes == {"held": 2, "resource_capacity": 38}


@pytest.mark.race
def test_a_shared_person_never_serves_beyond_their_capacity(shop: Shop) -> None:
    anna = shop.person("anna", max_simultaneous_bookings=3)
    services = [shop.service(f"s{n}", staff=["anna"]) for n in range(4)]
    outcomes = race(40, lambda n: hold_by_hand(shop, services[n % 4], shop.at(), staff=anna))
    assert outcomes == {"held": 3, "staff_capacity": 37}


@pytest.mark.race
def test_places_of_a_class_are_sold_once(shop: Shop) -> None:
    yoga = shop.service("yoga", staff=["anna"], is_group=True, max_simultaneous_bookings=10)
    anna = shop.person("anna")
    outcomes = race(30, lambda _: hold_by_hand(shop, yoga, shop.at(), staff=anna, places=3))
    assert outcomes == {"held": 3, "service_capacity": 27}


def test_rooms_are_locked_by_id_whatever_the_order_they_are_named_in(shop: Shop) -> None:
    """Two bookings that took the same two rooms, each in its own order, would lock each other out."""
    bath = shop.service("bath", needs=["room", "tub"])
    low, high = sorted([shop.resource("room"), shop.resource("tub", kind="tub")], key=lambda resource: resource.id)
    lock = "SELECT FROM resources WHERE id = %s FOR NO KEY UPDATE"
    with ThreadPoolExecutor(1) as pool, raw("owner") as watcher:
        with raw("owner") as holder, holder.transaction():
            holder.execute(lock, [low.id])
            booking = pool.submit(hold_by_hand, shop, bath, shop.at(), rooms=[high, low])
            waiting = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            assert wait_until(lambda: watcher.execute(waiting).rowcount > 0, seconds=10)
            # It waits for the first, and has not taken the second.
            with watcher.transaction():
                watcher.execute(f"{lock} NOWAIT", [high.id])
        assert booking.result() == "held"


@dataclass(frozen=True)
class Wanted:
    service: str
    start: int
    person: str | None
    room: str | None
    places: int


class PlainLedger:
    """The same rules, counted minute by minute."""

    def __init__(self, services: dict[str, Service], capacities: dict[str, int]) -> None:
        self.services, self.capacities = services, capacities
        self.taken: list[Wanted] = []

    def uses(self, wanted: Wanted) -> dict[str, set[int]]:
        service = self.services[wanted.service]
        begins = wanted.start - service.buffer_before_minutes
        ends = wanted.start + service.duration_minutes + service.buffer_after_minutes
        gap = wanted.start + service.processing_after_minutes
        whole = set(range(begins, ends, 5))
        found = {}
        if wanted.person:
            found[wanted.person] = whole - set(range(gap, gap + service.processing_minutes, 5))
        if wanted.room:
            found[wanted.room] = whole
        return found | {wanted.service: whole}

    def class_of(self, wanted: Wanted, number: int) -> tuple[str, int]:
        grouped = self.services[wanted.service].is_group
        return (wanted.service, wanted.start) if grouped else ("", number)

    def allows(self, wanted: Wanted) -> bool:
        mine = self.class_of(wanted, -1)
        for number, other in enumerate(self.taken):
            together = self.class_of(other, number) == mine
            if together and (other.person, other.room) != (wanted.person, wanted.room):
                return False
        for subject, minutes in self.uses(wanted).items():
            for minute in minutes:
                present = [
                    (self.class_of(other, number), other.places)
                    for number, other in enumerate(self.taken)
                    if minute in self.uses(other).get(subject, ())
                ]
                if subject in self.services:
                    limit = self.services[subject].max_simultaneous_bookings
                    if limit is not None and sum(places for _, places in present) + wanted.places > limit:
                        return False
                elif len({key for key, _ in present} - {mine}) >= self.capacities[subject]:
                    return False
        return True


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_agrees_with_a_count_minute_by_minute(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    people = {"anna": shop.person("anna"), "bob": shop.person("bob", max_simultaneous_bookings=2)}
    rooms = {"room": shop.resource("room"), "hall": shop.resource("hall", max_simultaneous_bookings=2)}
    staff = ["anna", "bob"]
    services = {
        "cut": shop.service("cut", staff=staff, duration_minutes=20, buffer_after_minutes=10),
        "colour": shop.service(
            "colour", staff=staff, duration_minutes=60, processing_after_minutes=20, processing_minutes=25
        ),
        "bath": shop.service("bath", staff=staff, needs=["room"], buffer_before_minutes=5, max_simultaneous_bookings=2),
        "yoga": shop.service(
            "yoga", staff=staff, needs=["room"], is_group=True, duration_minutes=45, max_simultaneous_bookings=5
        ),
    }
    first = shop.at("10:00")
    capacities = {name: thing.max_simultaneous_bookings for name, thing in (people | rooms).items()}
    plain, held = PlainLedger(services, capacities), 0
    for number in range(150):
        service = chance.choice(list(services))
        wanted = Wanted(
            service,
            chance.randrange(0, 360, 5) if service != "yoga" else chance.randrange(0, 360, 30),
            chance.choice(staff),
            chance.choice(list(rooms)) if service in {"bath", "yoga"} else None,
            chance.randint(1, 3) if service == "yoga" else 1,
        )
        outcome = hold_by_hand(
            shop,
            services[service],
            first + timedelta(minutes=wanted.start),
            staff=people[wanted.person] if wanted.person else None,
            rooms=[rooms[wanted.room]] if wanted.room else [],
            places=wanted.places,
        )
        assert (outcome == "held") == plain.allows(wanted), (seed, number, wanted, outcome)
        if outcome == "held":
            plain.taken.append(wanted)
            held += 1
    assert held > 20
