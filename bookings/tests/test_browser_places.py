"""Several places in a class in a real browser: on a phone, on a desktop, by keyboard alone, and without a script."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from bookings.tests.browsing import DESKTOP, PHONE
from bookings.tests.test_browser import Screen
from rhivo.testing.builder import Shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def home(shop: Shop, live_server: Any) -> str:
    shop.resource("garden", name="Garden room", kind="room")
    yoga = shop.service(
        "yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6, price_cents=1500
    )
    shop.hold(shop.at("10:00"), yoga, places=4)
    return f"{live_server.url}/b/{shop.business.subdomain}/"


def times(shop: Shop, home: str) -> str:
    return f"{home}book/yoga/anyone/?day={shop.at().astimezone(shop.business.zone):%Y-%m-%d}"


def book(screen: Screen) -> None:
    screen.page.fill("[name=name]", "Gino")
    screen.page.fill("[name=email]", "gino@example.com")
    screen.page.click("text=Confirm the booking")
    screen.check("Confirmed")
    summary = screen.page.locator("dl.summary").inner_text()
    assert "for 3 places" in summary
    assert "€45.00" in summary
    assert "Garden room" in summary


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scripts", [True, False], ids=["", "without-scripts"])
def test_a_guest_books_three_places(
    chromium: Browser, home: str, shop: Shop, size: dict[str, int], scripts: bool
) -> None:
    screen = Screen(chromium, home, size, scripts=scripts)
    screen.page.goto(times(shop, home))
    screen.check("Yoga")
    screen.page.fill("[name=places]", "3")
    screen.page.click("text=Show times")
    screen.check("Yoga")
    assert screen.page.input_value("[name=places]") == "3"
    assert "only 2 left" in screen.page.locator(".few").inner_text()
    screen.choose_time("11:00")
    screen.check("Your details")
    assert "for 3 places" in screen.page.locator("aside dl").inner_text()
    book(screen)


def test_a_time_that_is_pressed_without_showing_times_anew_takes_the_number_on_the_page(
    chromium: Browser, home: str, shop: Shop
) -> None:
    screen = Screen(chromium, home, PHONE, scripts=False)
    screen.page.goto(times(shop, home))
    screen.page.fill("[name=places]", "3")
    screen.choose_time("10:00")
    assert screen.page.locator("h1").inner_text() == "Not that many places are left"
    assert "only 2 places left, and you want 3" in screen.page.locator("main").inner_text()
    screen.page.click("text=Take the 2 that are left")
    assert "for 2 places" in screen.page.locator("aside dl").inner_text()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_that_says_how_many_are_left_is_sound(
    chromium: Browser, home: str, shop: Shop, size: dict[str, int]
) -> None:
    screen = Screen(chromium, home, size)
    screen.page.goto(times(shop, home))
    screen.page.fill("[name=places]", "3")
    screen.choose_time("10:00")
    screen.check("Not that many places are left")
    screen.page.click("fieldset.nearest button >> nth=0")
    screen.check("Your details")
    book(screen)


def test_places_and_time_are_chosen_by_keyboard_alone(chromium: Browser, home: str, shop: Shop) -> None:
    screen = Screen(chromium, home, DESKTOP)
    screen.page.goto(times(shop, home))
    screen.page.focus("[name=places]")
    for key in ("ArrowUp", "ArrowUp", "Enter"):
        screen.page.keyboard.press(key)
    screen.page.wait_for_url("**places=3")
    assert not screen.page.url.count("csrf")
    screen.page.focus("[name=places]")
    for _ in range(40):
        screen.page.keyboard.press("Tab")
        if screen.page.evaluate("document.activeElement.name") == "start":
            break
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url("**/hold/**")
    screen.check("Your details")
    assert "for 3 places" in screen.page.locator("aside dl").inner_text()
    book(screen)


def test_more_than_the_class_has_is_refused_where_it_is_typed(chromium: Browser, home: str, shop: Shop) -> None:
    screen = Screen(chromium, home, PHONE)
    screen.page.goto(times(shop, home))
    screen.page.fill("[name=places]", "7")
    screen.page.click("text=Show times")
    assert "places=7" not in screen.page.url
    assert screen.page.evaluate("document.querySelector('[name=places]').validity.rangeOverflow")
