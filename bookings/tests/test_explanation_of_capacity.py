"""What a full time is short of: places, people or a room, and who is in it, now and at an instant of the past."""

import random
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import pytest
from django.db import transaction

from bookings import operations
from bookings.explain.explanation import Judgement, explain
from bookings.load_calendar import calendar_of_days, local_day
from bookings.models import Appointment, Reservation
from businesses.models import Service, Staff
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def judged(
    shop: Shop,
    service: Service,
    start: datetime,
    *,
    staff: Staff | None = None,
    places: int = 1,
    then: datetime | None = None,
) -> Judgement:
    """Return the judgement now, or at an earlier instant."""
    with acting_as(shop.employees), transaction.atomic():
        found = explain(shop.business, service, start, at=now(), staff=staff, places=places, then=then)
    return found.then or found.now


def whys(judgement: Judgement) -> dict[str, str]:
    return {one.name: one.why for one in (*judgement.candidates, *judgement.resources)}


def test_a_full_time_says_which_kind_of_room_is_short_and_who_is_in_it(shop: Shop) -> None:
    bath = shop.service("bath", needs=["room", "tub"])
    shop.resource("tub-1", kind="tub")
    for name in ("room-1", "room-2"):
        shop.resource(name, max_simultaneous_bookings=2)
    shop.resource("room-3", is_active=False)
    booked = shop.book_by_staff(shop.at(), shop.service("sauna", needs=["tub"]))
    found = judged(shop, bath, shop.at())
    assert (found.code, found.shortages) == ("FULL", ("No tub has the time.",))
    assert whys(found) == {
        "Room-1 (room)": "is free",
        "Room-2 (room)": "is free",
        "Room-3 (room)": "is switched off",
        "Tub-1 (tub)": f"is in use: {booked.reference}, Gino: Sauna in Tub-1, 10:00–10:30",
    }
    assert [obstacle.appointment_id for obstacle in found.obstacles] == [booked.id]


def test_a_kind_without_a_room_is_short_always(shop: Shop) -> None:
    bath = shop.service("bath", needs=["room"])
    assert judged(shop, bath, shop.at()).shortages == ("There is no room that is switched on.",)


def test_a_person_of_capacity_two_is_busy_with_two(shop: Shop) -> None:
    shop.person("anna", max_simultaneous_bookings=2)
    cut = shop.service(staff=["anna"])
    shop.book_by_staff(shop.at(), cut)
    free = judged(shop, cut, shop.at())
    assert (free.code, free.remaining, free.shortages) == ("FREE", 1, ())
    shop.book_by_staff(shop.at(), cut)
    full = judged(shop, cut, shop.at())
    assert (full.code, full.shortages) == ("FULL", ("Anna does not have the time.",))
    assert whys(full)["Anna"].startswith("is busy (2 at a time): RHV-")
    assert whys(full)["Anna"].count("10:00–10:30") == 2


def test_a_service_without_a_number_is_short_of_people_and_one_with_neither_of_its_place(shop: Shop) -> None:
    cut, chair = shop.service(staff=["anna", "bob"]), shop.service("chair")
    for service in (cut, cut, chair):
        shop.book_by_staff(shop.at(), service)
    assert judged(shop, cut, shop.at()).shortages == ("None of the people who work then has the time.",)
    assert judged(shop, chair, shop.at()).shortages == ("No place left of 1.",)


def test_processing_time_is_in_nobodys_way(shop: Shop) -> None:
    colour = shop.service(
        "colour", staff=["anna"], duration_minutes=90, processing_after_minutes=30, processing_minutes=30
    )
    cut = shop.service("cut", staff=["anna"])
    shop.book_by_staff(shop.at("10:00"), colour)
    inside = judged(shop, cut, shop.at("10:30"))
    assert (inside.code, inside.obstacles, whys(inside)) == ("FREE", (), {"Anna": "is free"})
    assert judged(shop, cut, shop.at("11:00")).shortages == ("Anna does not have the time.",)
    shop.book_by_staff(shop.at("10:30"), cut)
    assert judged(shop, colour, shop.at("10:00")).code == "FULL"


def test_a_class_says_how_many_places_are_left_of_those_that_are_asked_for(shop: Shop) -> None:
    yoga = shop.service("yoga", staff=["anna", "bob"], needs=["room"], is_group=True, max_simultaneous_bookings=4)
    shop.resource("room-1"), shop.resource("room-2")
    shop.book_by_staff(shop.at(), yoga, staff=shop.person("anna"), places=3)
    assert judged(shop, yoga, shop.at()).remaining == 1
    several = judged(shop, yoga, shop.at(), places=2)
    assert (several.code, several.taken, several.shortages) == ("FULL", 3, ("1 place left of 4.",))
    assert whys(judged(shop, yoga, shop.at())) == {
        "Anna": "is free",
        "Bob": "does not give this class: Anna does",
        "Room-1 (room)": "is free",
        "Room-2 (room)": "is not where this class is",
    }
    shop.book_by_staff(shop.at(), yoga)
    assert "(3 places) with Anna in Room-1" in judged(shop, yoga, shop.at()).obstacles[0].text


def test_several_places_of_what_is_no_class_are_refused_as_a_hold_refuses_them(shop: Shop) -> None:
    found = judged(shop, shop.service(), shop.at(), places=2)
    with pytest.raises(RhivoError) as refused:
        shop.hold(shop.at(), places=2)
    assert found.refusals[0].code == refused.value.code


def test_a_hold_in_a_room_filled_it_until_it_was_released(shop: Shop) -> None:
    bath = shop.service("bath", needs=["room"])
    shop.resource("room-1")
    hold = shop.hold(shop.at(), bath)
    with acting_as(shop.public.with_(reservation_id=hold.id)), transaction.atomic():
        operations.release_hold(reservation=hold)
    assert judged(shop, bath, shop.at()).code == "FREE"
    then = judged(shop, bath, shop.at(), then=hold.created_at)
    assert then.shortages == ("No room has the time.",)
    assert whys(then)["Room-1 (room)"].startswith("is in use: A hold until ")


class Asked(NamedTuple):
    service: str
    start: datetime
    person: str | None
    places: int


class RandomShop:
    """A shop in which things happen at random, and what search said of some starts after each of them."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.dice = shop, random.Random(seed)
        for name in ("anna", "bob"):
            shop.person(name, max_simultaneous_bookings=self.dice.choice((1, 1, 2)))
        for name in ("room-1", "room-2"):
            shop.resource(name, max_simultaneous_bookings=self.dice.choice((1, 2)))
        people = {"cut": ["anna", "bob"], "colour": ["bob"], "yoga": ["anna", "bob"]}
        shop.service("cut", staff=people["cut"], buffer_after_minutes=10)
        shop.service(
            "colour", staff=people["colour"], duration_minutes=90, processing_after_minutes=30, processing_minutes=30
        )
        shop.service("bath", needs=["room"], max_simultaneous_bookings=self.dice.choice((None, 1)))
        shop.service("chair")
        shop.service(
            "yoga",
            staff=people["yoga"],
            needs=["room"],
            is_group=True,
            max_simultaneous_bookings=4,
            duration_minutes=60,
        )
        self.people = people
        self.made: list[Appointment | Reservation] = []
        self.said: list[tuple[datetime, Asked, tuple[str, int]]] = []

    def asked(self) -> Asked:
        service = self.dice.choice(sorted(self.shop.services))
        person = self.dice.choice([None, None, *self.people.get(service, ())])
        start = self.shop.at(self.dice.choice(("09:30", "10:00", "10:30", "11:00")))
        return Asked(service, start, person, self.dice.randint(1, 3) if service == "yoga" else 1)

    def act(self) -> None:
        asked, shop = self.asked(), self.shop
        person = shop.people[asked.person] if asked.person else None
        one = self.made.pop(self.dice.randrange(len(self.made))) if self.made and self.dice.random() < 0.4 else None
        with suppress(RhivoError), acting_as(shop.employees):
            if isinstance(one, Appointment) and self.dice.random() < 0.5:
                self.made.append(
                    operations.reschedule_appointment(
                        appointment=one, start=asked.start, version=one.version, at=now(), staff=person
                    )
                )
            elif isinstance(one, Appointment):
                operations.cancel_appointment(appointment=one, version=one.version, at=now())
            elif one is not None and self.dice.random() < 0.5:
                self.made.append(shop.commit(one).appointment)
            elif one is not None:
                operations.release_hold(reservation=one)
            else:
                make = self.dice.choice((shop.hold, shop.book_by_staff))
                self.made.append(make(asked.start, shop.services[asked.service], staff=person, places=asked.places))

    def search(self, asked: Asked) -> tuple[str, int]:
        shop, person = self.shop, self.shop.people[asked.person] if asked.person else None
        with acting_as(shop.employees), transaction.atomic():
            day = local_day(asked.start, shop.business.zone)
            service, at = shop.services[asked.service], now()
            calendar = calendar_of_days(
                shop.business, service, first=day, last=day, at=at, staff=person, places=asked.places
            )
            slot = calendar.judge(asked.start, at=at)
        return slot.reason or "FREE", slot.remaining

    def explained(self, asked: Asked, then: datetime | None = None) -> tuple[str, int]:
        person = self.shop.people[asked.person] if asked.person else None
        service = self.shop.services[asked.service]
        found = judged(self.shop, service, asked.start, staff=person, places=asked.places, then=then)
        assert bool(found.shortages) == (found.code == "FULL"), (asked, found)
        return found.code, found.remaining


@pytest.mark.parametrize("seed", range(4))
def test_the_explanation_says_what_search_says_now_and_what_it_said_then(shop: Shop, seed: int) -> None:
    random_shop = RandomShop(shop, seed)
    for _ in range(25):
        random_shop.act()
        # Between two acts, which history and holds date by the database's clock, of the same machine.
        instant = now()
        for _ in range(3):
            asked = random_shop.asked()
            said = random_shop.search(asked)
            assert random_shop.explained(asked) == said, (seed, asked)
            random_shop.said.append((instant, asked, said))
    assert {said[0] for _, _, said in random_shop.said} == {"FREE", "FULL"}
    for instant, asked, said in random_shop.said:
        assert random_shop.explained(asked, then=instant) == said, (seed, asked, instant)
