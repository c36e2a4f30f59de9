"""The back office in a real browser: its pages fit a phone, please axe, and need no JavaScript."""

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bookings import operations
from bookings.models import Appointment
from bookings.tests.browsing import DESKTOP, PHONE
from businesses.models import User
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


class BackOffice:
    """A browser window of someone at work, logged in; whatever the console complains of is kept."""

    def __init__(self, browser: Browser, address: str, user: User, size: dict[str, int], *, scripts: bool) -> None:
        self.scripts, self.address = scripts, address
        self.page: Page = browser.new_context(viewport=size, java_script_enabled=scripts).new_page()  # type: ignore[arg-type]
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.goto(f"{address}/admin/login/")
        self.page.fill("[name=username]", user.email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form button[type=submit]")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    @property
    def content(self) -> str:
        return self.page.locator("#content").inner_text()

    def check(self, heading: str = "") -> None:
        """See that the content has this heading, if any, fits the window, and gives axe nothing to complain of."""
        if heading:
            assert self.page.locator("#content h1").inner_text() == heading
        assert not [text for text in self.complaints if "Content Security Policy" in text]
        if self.scripts:
            assert not self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found = Axe().run(self.page, "#content")["violations"]
            assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]


@pytest.fixture
def rescheduled(shop: Shop) -> Appointment:
    """A booking with Anna that was rescheduled from 10:00 to 12:00."""
    booked = shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    with acting_as(shop.employees):
        return operations.reschedule_appointment(appointment=booked, start=shop.at("12:00"), version=1, at=now())


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_receptionist_finds_out_why_a_time_is_taken_and_what_happened_to_the_booking(
    chromium: Browser, live_server: object, shop: Shop, rescheduled: Appointment, size: dict[str, int], scripts: bool
) -> None:
    office = BackOffice(chromium, str(live_server), shop.employee, size, scripts=scripts)
    office.go("/admin/bookings/appointment/why/")
    office.check("Why is a time not free?")
    office.page.select_option("[name=service]", label="Cut")
    office.page.fill("[name=day]", shop.at("12:00").astimezone(shop.business.zone).date().isoformat())
    office.page.fill("[name=clock]", "12:00")
    office.page.click("text=Explain")
    office.check("Why is a time not free?")
    assert "FULL – That time is taken: choose another." in office.content
    office.page.click(f"#content a:has-text('Ewa rescheduled {rescheduled.reference}')")
    office.check(f"History of {rescheduled.reference}")
    assert f"Gino (guest) booked {rescheduled.reference}" in office.content


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_owner_adds_a_room_and_says_that_a_service_needs_it(
    chromium: Browser, live_server: object, shop: Shop, size: dict[str, int], scripts: bool
) -> None:
    bath = shop.service("bath", staff=["anna", "bob"])
    office = BackOffice(chromium, str(live_server), shop.owner, size, scripts=scripts)
    office.go("/admin/businesses/resource/add/")
    office.check()
    for name, value in {"name": "Room 1", "slug": "room-1", "kind": "room"}.items():
        office.page.fill(f"[name={name}]", value)
    office.page.click("[name=_save]")
    office.page.wait_for_selector("text=was added successfully")
    office.check()
    office.go(f"/admin/businesses/service/{bath.id}/change/")
    office.check()
    office.page.get_by_label("room (1 active)").check()
    office.page.fill("[name=max_simultaneous_bookings]", "1")
    office.page.click("[name=_continue]")
    office.page.wait_for_selector("text=“Bath” takes 1 booking at a time, but 2 people do it")
    assert office.page.get_by_label("room (1 active)").is_checked()
    office.check()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_receptionist_books_places_in_a_room_and_reschedules_them(
    chromium: Browser, live_server: object, shop: Shop, size: dict[str, int], scripts: bool
) -> None:
    shop.resource("hall"), shop.resource("cellar")
    shop.service("yoga", needs=["room"], is_group=True, max_simultaneous_bookings=4)
    office = BackOffice(chromium, str(live_server), shop.employee, size, scripts=scripts)
    office.go("/admin/bookings/appointment/add/")
    office.check("Book for a customer")
    office.page.select_option("[name=service]", label="Yoga")
    office.page.select_option("[name=resource_room]", label="Hall")
    office.page.fill("[name=day]", shop.at().astimezone(shop.business.zone).date().isoformat())
    for name, value in {"places": "3", "clock": "10:00", "name": "Gino", "email": "gino@example.com"}.items():
        office.page.fill(f"[name={name}]", value)
    office.page.click("text=Show free times of that day")
    assert office.page.input_value("[name=places]") == "3"
    office.page.click("button:text-is('11:00')")
    office.check("Book for a customer")
    office.page.click("button:text-is('Book'):visible")
    assert "Yoga (3 places)" in office.content
    assert "Hall" in office.content
    office.check()
    office.go(f"{office.page.url.removeprefix(office.address).removesuffix('change/')}reschedule")
    assert "Yoga (3 places), Hall" in office.content
    assert "Now: Hall." in office.content
    office.page.fill("[name=clock]", "12:00")
    office.page.click("button:text-is('Reschedule'):visible")
    assert "12:00" in office.content
    assert "Yoga (3 places)" in office.content
    assert "Cellar" in office.content
