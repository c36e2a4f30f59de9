"""Several places in a class on the booking pages: asked before the time, and shown from there to the mail; and rooms."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from icalendar import Calendar

from bookings.models import Appointment, Reservation
from bookings.tests.browsing import DETAILS, Visitor
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    """Somebody on the pages of a class of six places at 15.00, with Anna in the garden."""
    shop.resource("garden", name="Garden", kind="room")
    shop.service("yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6, price_cents=1500)
    return Visitor(shop, service="yoga")


def places_held(shop: Shop) -> list[int]:
    with acting_as(shop.owners), transaction.atomic():
        return sorted(Reservation.objects.filter(business=shop.business).values_list("places", flat=True))


def text_of(page: Any) -> str:
    """Return the words of a page as somebody reads them."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2]).split())


def day_of(shop: Shop) -> str:
    return f"{shop.at().astimezone(shop.business.zone):%Y-%m-%d}"


def hold(visitor: Visitor, places: int | str, start: datetime | None = None) -> Any:
    return visitor.post(
        visitor.times,
        {"start": (start or visitor.shop.at()).isoformat(), "nonce": "n" * 24, "places": places},
    )


def test_a_class_asks_how_many_places_and_nothing_else_does(shop: Shop, visitor: Visitor) -> None:
    shop.service("cut")
    page = visitor.get(visitor.times).text
    assert "How many places?" in page
    assert re.search(r'name="places" min="1" max="6" value="1"', page)
    assert "How many places?" not in visitor.get("book/cut/anyone/").text


def test_the_number_is_sent_without_holding_anything_and_stays_on_the_way(shop: Shop, visitor: Visitor) -> None:
    shown = visitor.post(f"{visitor.times}?day={day_of(shop)}", {"show": "times", "places": "3", "nonce": "n" * 24})
    assert shown["Location"] == visitor.address(f"{visitor.times}?day={day_of(shop)}&places=3")
    page = visitor.get(shown["Location"])
    assert 'value="3" required' in page.text
    assert "3 places · €45.00" in text_of(page)
    assert re.search(r'href="\?day=[\d-]+&(amp;)?places=3"', page.text)
    assert places_held(shop) == []


@pytest.mark.parametrize(("typed", "shown"), [("0", 1), ("-3", 1), ("7", 6), ("9" * 30, 6), ("x", 1), ("", 1)])
def test_an_address_with_another_number_shows_the_nearest_that_the_class_has(
    visitor: Visitor, typed: str, shown: int
) -> None:
    assert f'value="{shown}" required' in visitor.get(f"{visitor.times}?places={typed}").text


def test_the_choice_of_a_person_keeps_the_number(shop: Shop) -> None:
    shop.service("yoga", staff=["anna", "bea"], is_group=True, max_simultaneous_bookings=6)
    visitor = Visitor(shop, service="yoga")
    assert visitor.address("book/yoga/bea/?places=2") in visitor.get("book/yoga/?places=2").text
    assert visitor.address("book/yoga/?places=2") in visitor.get("book/yoga/bea/?places=2").text


def test_places_total_and_room_are_shown_from_the_hold_to_the_calendar(shop: Shop, visitor: Visitor) -> None:
    held = hold(visitor, 3)["Location"]
    assert "€45.00 for 3 places" in text_of(visitor.get(held))
    manage = visitor.post(held, DETAILS)["Location"]
    booked = text_of(visitor.get(manage))
    assert "€45.00 for 3 places" in booked
    assert "Where Garden Shop" in booked
    for page in ("cancel/", f"reschedule/?start={shop.at('12:00').isoformat().replace('+', '%2B')}", "reschedule/"):
        assert "Yoga · 3 places" in text_of(visitor.get(manage + page))
    [event] = Calendar.from_ical(visitor.get(f"{manage}calendar.ics").content).walk("VEVENT")
    assert "3 places" in str(event["description"])
    assert str(event["location"]).startswith("Garden")


def test_one_place_is_not_made_much_of(shop: Shop, visitor: Visitor) -> None:
    held = visitor.press(shop.at())
    assert places_held(shop) == [1]
    manage = visitor.post(held, DETAILS)["Location"]
    for page in (held, manage, f"{manage}cancel/", f"{manage}calendar.ics"):
        assert not re.search(r"\b1 place\b", visitor.get(page).text)


def test_times_with_fewer_places_say_how_many_are_left_and_cannot_be_pressed(shop: Shop, visitor: Visitor) -> None:
    shop.hold(shop.at("10:00"), shop.service("yoga"), places=4)
    page = visitor.get(f"{visitor.times}?day={day_of(shop)}&places=3")
    assert "10:00 only 2 left" in text_of(page)
    assert f'value="{shop.at("10:00").isoformat()}"' not in page.text
    assert f'value="{shop.at("11:00").isoformat()}"' in page.text
    assert f'value="{shop.at("10:00").isoformat()}"' in visitor.get(f"{visitor.times}?day={day_of(shop)}").text


def test_a_day_without_a_time_that_has_enough_says_so_and_leads_to_one_that_has(shops: Any) -> None:
    shop = shops(windows=[(600, 660)], max_advance_days=10)
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=3, duration_minutes=60)
    for days in (3, 4):
        shop.hold(shop.at("10:00", days=days), yoga, places=2)
    page = Visitor(shop, service="yoga").get(f"book/yoga/anyone/?day={day_of(shop)}&places=2")
    assert "No time with 2 places left on this day." in text_of(page)
    assert "10:00 only 1 left" in text_of(page)
    assert f'href="?day={shop.at("10:00", days=5):%Y-%m-%d}&amp;places=2"' in page.text


def test_a_class_that_filled_up_meanwhile_says_what_is_left_and_offers_it(shop: Shop, visitor: Visitor) -> None:
    shop.hold(shop.at("10:00"), shop.service("yoga"), places=4)
    page = hold(visitor, 3, shop.at("10:00"))
    assert page.status_code == 409
    assert "has only 2 places left, and you want 3. Nothing was booked." in text_of(page)
    assert "The nearest times with 3 places" in text_of(page)
    forms = re.findall(r"<form method=\"post\".*?</form>", page.text.partition("<main")[2], re.DOTALL)
    sent = [re.findall(r'name="places" value="(\d+)"', form) for form in forms]
    assert sent == [["2"], ["3"]]
    assert "places=3" in page.text.partition("See all times")[0].rpartition("<a ")[2]
    assert places_held(shop) == [4]
    nonce = re.findall(r'name="nonce" value="([^"]+)"', forms[0])[0]
    taken = visitor.post(visitor.times, {"start": shop.at("10:00").isoformat(), "nonce": nonce, "places": "2"})
    assert "for 2 places" in text_of(visitor.get(taken["Location"]))
    assert places_held(shop) == [2, 4]


def test_a_class_that_is_full_is_gone_for_many_as_for_one(shop: Shop, visitor: Visitor) -> None:
    shop.hold(shop.at("10:00"), shop.service("yoga"), places=6)
    assert "is taken. Nothing was booked." in text_of(hold(visitor, 3, shop.at("10:00")))


def test_another_number_on_the_same_page_is_another_request(shop: Shop, visitor: Visitor) -> None:
    first, second, again = (hold(visitor, places)["Location"] for places in (2, 3, 2))
    assert first == again != second
    assert places_held(shop) == [2, 3]


@pytest.mark.parametrize("places", ["0", "-1", "1001", "two", "1.5"])
def test_a_number_that_no_page_of_ours_sends_is_refused(shop: Shop, visitor: Visitor, places: str) -> None:
    assert hold(visitor, places).status_code == 400
    assert places_held(shop) == []


def test_a_service_that_is_no_class_is_not_held_for_several(shop: Shop, visitor: Visitor) -> None:
    shop.service("cut")
    answer = visitor.post("book/cut/anyone/", {"start": shop.at().isoformat(), "nonce": "n" * 24, "places": "2"})
    assert answer.status_code == 400
    assert places_held(shop) == []


def test_choosing_another_time_keeps_the_number(shop: Shop, visitor: Visitor) -> None:
    released = visitor.post(f"{hold(visitor, 3)['Location']}release/", DETAILS)
    assert released["Location"] == visitor.address(f"{visitor.times}?day={day_of(shop)}&places=3")


def test_a_booking_of_several_is_rescheduled_to_times_with_as_many(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.post(hold(visitor, 3)["Location"], DETAILS)["Location"]
    shop.hold(shop.at("12:00"), shop.service("yoga"), places=4)
    page = visitor.get(f"{manage}reschedule/?day={day_of(shop)}")
    assert "12:00 only 2 left" in text_of(page)
    refused = visitor.post(f"{manage}reschedule/", {"start": shop.at("12:00").isoformat(), "version": "1"})
    assert refused.status_code == 409
    assert "has only 2 places left, and you want 3. Your booking stays as it was." in text_of(refused)
    assert "Take the" not in text_of(refused)
    moved = visitor.post(f"{manage}reschedule/", {"start": shop.at("14:00").isoformat(), "version": "1"})
    assert moved["Location"] == manage
    with acting_as(shop.owners), transaction.atomic():
        [made] = Appointment.objects.filter(business=shop.business)
    assert (made.starts_at, made.places, made.price_cents) == (shop.at("14:00"), 3, 4500)


def test_a_booking_with_an_account_is_listed_with_its_places(shop: Shop, visitor: Visitor) -> None:
    visitor.log_in(shop.customer)
    visitor.post(hold(visitor, 2)["Location"], {"name": "Carla", "phone": ""})
    assert "Anna · 2 places" in text_of(visitor.get("my/"))
