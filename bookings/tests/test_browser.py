"""The booking pages in a real browser, on a phone and on a desktop, each page checked by axe as it passes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from bookings.tests.browsing import DESKTOP, PHONE
from businesses.models import User
from rhivo.testing.builder import Shop
from rhivo.testing.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


class Screen:
    """A browser window on a shop's pages; whatever the console complains of is kept."""

    def __init__(self, browser: Browser, home: str, size: dict[str, int], *, scripts: bool = True) -> None:
        viewport: Any = size
        self.scripts = scripts
        self.page: Page = browser.new_context(viewport=viewport, java_script_enabled=scripts).new_page()
        self.page.set_default_timeout(10_000)
        self.home = home
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))

    def check(self, heading: str) -> None:
        """See that the page has this heading, fits the window, and gives axe nothing to complain of."""
        assert self.page.locator("h1").inner_text() == heading
        if self.scripts:
            assert not self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found = Axe().run(self.page)["violations"]
            assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]
        assert not [text for text in self.complaints if "Content Security Policy" in text]

    def choose_time(self, text: str) -> None:
        self.page.click(f"button[name=start]:has-text('{text}')")

    def book(self, email: str | None, *, phone_at_first: str = "12") -> None:
        self.page.goto(self.home)
        self.check("Shop")
        self.page.click("main a:has-text('Cut')")
        self.check("Cut")
        self.page.click("main a:has-text('Anna')")
        self.check("Cut")
        self.page.click(".turn a[rel=next]")
        self.choose_time("10:00")
        self.check("Your details")
        self.page.fill("[name=name]", "Gino")
        if email:
            self.page.fill("[name=email]", email)
        if phone_at_first:
            self.page.fill("[name=phone]", phone_at_first)
            self.page.click("text=Confirm the booking")
            self.check("Your details")
            assert "not a phone number" in self.page.locator("#id_phone_error").inner_text()
        self.page.fill("[name=phone]", "+39 06 5550123")
        self.page.click("text=Confirm the booking")
        self.check("Confirmed")

    def reschedule_and_cancel(self) -> None:
        self.page.click("main .actions a:has-text('Reschedule')")
        self.check("Reschedule your booking")
        self.choose_time("15:30")
        self.check("Reschedule to this time?")
        self.page.click("text=Yes, reschedule it")
        self.check("Confirmed")
        assert "15:30" in self.page.locator("dl.summary").inner_text()
        self.page.click("text=Cancel the booking")
        self.check("Cancel this booking?")
        self.page.click("text=Yes, cancel it")
        self.check("Canceled")

    def log_in(self, user: User) -> None:
        self.page.goto(f"{self.home}log-in/")
        self.check("Log in")
        self.page.fill("[name=email]", user.email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button")
        self.check("My bookings")


@pytest.fixture
def home(shop: Shop, live_server: Any) -> str:
    shop.service(staff=["anna", "bea"], max_simultaneous_bookings=2)
    return f"{live_server.url}/b/{shop.business.subdomain}/"


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_guest_books_reschedules_and_cancels(chromium: Browser, home: str, size: dict[str, int]) -> None:
    screen = Screen(chromium, home, size)
    screen.book("gino@example.com")
    assert screen.page.locator(".link").inner_text() == screen.page.url
    screen.reschedule_and_cancel()


OUTSIDE = """() => {
    const spread = (node) => { const text = document.createRange(); text.selectNodeContents(node); return text.getBoundingClientRect(); };
    const sticksOut = (inner, outer) => inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
    const strip = document.querySelector(".days"), picker = document.querySelector(".picker").getBoundingClientRect();
    const days = [...strip.children].filter((day) => [...day.querySelectorAll("[aria-hidden] *")].some(
        (text) => sticksOut(spread(text), day.getBoundingClientRect())));
    return [sticksOut(strip.getBoundingClientRect(), picker), days.map((day) => day.innerText)];
}"""


@pytest.mark.parametrize("width", [320, 360, 390, 500, 768, 820, 1280])
def test_the_strip_of_days_stays_in_its_card_and_each_days_words_in_their_day(
    chromium: Browser, home: str, width: int
) -> None:
    screen = Screen(chromium, home, {"width": width, "height": 800})
    screen.page.goto(f"{home}book/cut/anna/")
    screen.page.click(".turn a[rel=next]")
    assert re.search(r"\d\d\s+free", screen.page.locator(".days").inner_text()), "two digits are the widest"
    assert screen.page.evaluate(OUTSIDE) == [False, []]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_customer_books_reschedules_and_cancels(
    chromium: Browser, home: str, shop: Shop, size: dict[str, int]
) -> None:
    screen = Screen(chromium, home, size)
    screen.log_in(shop.customer)
    screen.book(None)
    screen.reschedule_and_cancel()
    screen.page.click("text=My bookings")
    screen.check("My bookings")
    assert "Canceled" in screen.page.locator(".booking-card").inner_text()


def test_everything_works_without_javascript(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, PHONE, scripts=False)
    screen.book("gino@example.com")
    screen.reschedule_and_cancel()


def test_back_and_reload_do_no_harm(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, DESKTOP)
    screen.book("gino@example.com", phone_at_first="")
    booked = screen.page.url
    screen.page.reload()
    screen.check("Confirmed")
    screen.page.go_back()
    assert screen.page.url == booked
    screen.check("Confirmed")


def test_a_double_click_books_once(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, DESKTOP)
    screen.page.goto(f"{home}book/cut/anna/?day=")
    screen.page.click(".turn a[rel=next]")
    screen.page.dblclick("button[name=start] >> nth=0")
    screen.page.wait_for_url(re.compile("/hold/"))
    screen.page.fill("[name=name]", "Gino")
    screen.page.fill("[name=email]", "gino@example.com")
    screen.page.dblclick("text=Confirm the booking")
    screen.page.wait_for_url(re.compile("/manage/"))
    screen.check("Confirmed")


def held_time(screen: Screen, home: str) -> Locator:
    """Hold a time for ten minutes; return what says how long."""
    screen.page.goto(f"{home}book/cut/anyone/")
    screen.page.click(".turn a[rel=next]")
    screen.choose_time("10:00")
    return screen.page.locator(".timer")


def test_the_time_left_is_counted_down_and_no_text_beside_it_says_otherwise(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, PHONE)
    screen.page.clock.install()
    timer = held_time(screen, home)
    assert re.fullmatch(r"Held for you until \d\d:\d\d\.\s+(9:5\d|10:00)", timer.inner_text())
    screen.page.clock.run_for("09:05")
    assert re.fullmatch(r"Held for you for less than a minute more\.\s+0:5\d", timer.inner_text())
    screen.check("Your details")
    screen.page.clock.run_for("01:00")
    assert timer.inner_text().strip() == "No longer held. Choose another time: what you typed is kept."
    screen.check("Your details")


def test_a_tab_that_slept_says_the_truth_when_it_is_looked_at_again(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, PHONE)
    screen.page.clock.install()
    timer = held_time(screen, home)
    screen.page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
    screen.page.clock.set_system_time(datetime.now(UTC) + timedelta(minutes=11))
    assert "Held for you until" in timer.inner_text()
    screen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert "No longer held." in timer.inner_text()


def test_without_a_script_the_page_says_until_when_a_time_is_held(chromium: Browser, home: str) -> None:
    timer = held_time(Screen(chromium, home, PHONE, scripts=False), home)
    assert re.fullmatch(r"Held for you until \d\d:\d\d\.", timer.inner_text().strip())


def test_a_page_that_is_not_there_is_checked_too(chromium: Browser, home: str) -> None:
    screen = Screen(chromium, home, PHONE)
    screen.page.goto(f"{home}manage/nothing/")
    screen.check("Nothing here")
