"""Every page keeps to its content security policy, which allows nothing inline and nothing evaluated."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from rhivo.testing.builder import Shop
from rhivo.testing.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST_PAGES = 150


class Walker:
    """A window whose every complaint is kept, whatever it is about."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self._complain(f"error: {error}"))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("warning", "error"):
            self._complain(f"{kind}: {text}")

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{urlsplit(self.page.url).path} {text}")

    def log_in(self, email: str) -> None:
        self.page.goto(f"{self.url}/admin/login/?next=/admin/")
        self.page.fill("[name=username]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.url}/admin/")

    def links(self) -> Iterator[str]:
        for address in self.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            plain = urldefrag(address).url
            if plain.startswith(f"{self.url}/admin/") and "logout" not in plain:
                yield plain


@pytest.fixture
def walker(chromium: Browser, live_server: Any) -> Walker:
    return Walker(chromium, live_server.url)


@pytest.fixture
def furnished(shop: Shop) -> Shop:
    service = shop.service(staff=["anna", "bea"], max_simultaneous_bookings=2)
    for clock in ("10:00", "11:00"):
        shop.book(shop.at(clock), service)
    return shop


def kind_of(address: str) -> str:
    """Return what a page is a case of: its path with ids taken out, and whether anything was asked of it."""
    parts = urlsplit(address)
    return re.sub(r"/[0-9a-f-]{36}/|/\d+/", "/id/", parts.path) + ("?" if parts.query else "")


def test_no_page_of_the_back_office_breaks_its_policy(walker: Walker, furnished: Shop) -> None:
    walker.log_in(furnished.owner.email)
    seen: set[str] = set()
    waiting = [f"{walker.url}/admin/", f"{walker.url}/admin/password_change/"]
    while waiting:
        address = waiting.pop(0)
        if kind_of(address) in seen:
            continue
        seen.add(kind_of(address))
        assert len(seen) <= MOST_PAGES, seen
        walker.page.goto(address)
        waiting += walker.links()
    assert {"/admin/bookings/appointment/id/change/", "/admin/businesses/service/add/"} <= seen
    assert not walker.complaints, "\n".join(walker.complaints)


def test_menus_filters_actions_and_calendars_of_the_back_office_work(walker: Walker, furnished: Shop) -> None:
    walker.log_in(furnished.owner.email)
    page = walker.page
    page.goto(f"{walker.url}/admin/bookings/appointment/")
    colour = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--color-primary-600')")
    assert colour.strip() in ("#1f6f5c", "rgb(31, 111, 92)")
    _open_menus(page)
    _run_an_action(page)
    _switch_kinds_of_hours(page, walker.url)
    _pick_a_day(page, walker.url)
    assert not walker.complaints, "\n".join(walker.complaints)


def _open_menus(page: Page) -> None:
    page.click("[x-on\\:click='openUserLinks = !openUserLinks']")
    page.locator("text=Change password").wait_for()
    page.keyboard.press("Escape")
    page.mouse.click(700, 10)
    page.locator("text=Change password").wait_for(state="hidden")
    page.click("[x-on\\:click='filterOpen = true']")
    page.locator("text=By date").wait_for()


def _run_an_action(page: Page) -> None:
    page.reload()
    actions = page.locator("#changelist-actions [name=action]")
    assert not actions.is_visible()
    page.check("input[name=_selected_action] >> nth=0")
    actions.wait_for()
    actions.select_option("complete_selected")
    page.click("#changelist-actions button[type=submit]")
    page.locator("text=Not before the appointment has started").first.wait_for()


def _switch_kinds_of_hours(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/businesses/availability/add/")
    page.locator("[name=weekday]").wait_for()
    assert not page.locator("[name=first_date]").is_visible()
    page.check("[name=kind][value=dates]")
    page.locator("[name=first_date]").wait_for()
    assert not page.locator("[name=weekday]").is_visible()


def _pick_a_day(page: Page, url: str) -> None:
    page.click("[id^=calendarlink] >> nth=0")
    page.locator(".calendarbox").first.wait_for()
    page.click(".calendarbox a:has-text('15') >> nth=0")
    assert page.input_value("[name=first_date]")[-2:] == "15"


@pytest.mark.parametrize("address", ["/api/v1/docs/", "/"])
def test_no_public_page_of_the_installation_breaks_its_policy(address: str, walker: Walker, furnished: Shop) -> None:
    walker.page.goto(walker.url + address)
    if address.endswith("docs/"):
        walker.page.locator(".opblock-summary").last.wait_for()
        for operation in walker.page.locator(".opblock-summary").all():
            operation.click()
        walker.page.locator(".opblock-body").last.wait_for()
    assert not walker.complaints, "\n".join(walker.complaints)


@pytest.mark.parametrize("address", ["/admin/login/", "/api/v1/docs/", "/", "/nothing/", "/api/v1/nothing/"])
def test_no_policy_allows_what_is_inline_or_evaluated(address: str, shop: Shop, client: Client) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
