"""The history and the explanation of a time in a real browser: they fit a phone, please axe, and need no JavaScript."""

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bookings import operations
from bookings.models import Appointment
from bookings.tests.browsing import DESKTOP, PHONE
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

    def __init__(self, browser: Browser, address: str, shop: Shop, size: dict[str, int], *, scripts: bool) -> None:
        self.scripts, self.address = scripts, address
        self.page: Page = browser.new_context(viewport=size, java_script_enabled=scripts).new_page()  # type: ignore[arg-type]
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.goto(f"{address}/admin/login/")
        self.page.fill("[name=username]", shop.employee.email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form button[type=submit]")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def check(self, heading: str) -> None:
        """See that the content has this heading, fits the window, and gives axe nothing to complain of."""
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
    office = BackOffice(chromium, str(live_server), shop, size, scripts=scripts)
    office.go("/admin/bookings/appointment/why/")
    office.check("Why is a time not free?")
    office.page.select_option("[name=service]", label="Cut")
    office.page.fill("[name=day]", shop.at("12:00").astimezone(shop.business.zone).date().isoformat())
    office.page.fill("[name=clock]", "12:00")
    office.page.click("text=Explain")
    office.check("Why is a time not free?")
    content = office.page.locator("#content").inner_text()
    assert "FULL – That time is taken: choose another." in content
    office.page.click(f"#content a:has-text('Ewa rescheduled {rescheduled.reference}')")
    office.check(f"History of {rescheduled.reference}")
    assert f"Gino (guest) booked {rescheduled.reference}" in office.page.locator("#content").inner_text()
