"""Fixtures of the tests of bookings."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from bookings.tests.browsing import CHROMIUM
from businesses.models import User
from rhivo.testing.api import Api


@pytest.fixture
def api() -> Api:
    """A client of the API without a token."""
    return Api()


@pytest.fixture
def pages() -> Callable[[User], Client]:
    """Give a person's browser, logged in to the back office."""

    def logged_in(user: User) -> Client:
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Chromium. Playwright keeps an event loop in this thread, which Django would take for async code."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()
