"""Someone who books through the pages, without JavaScript; and the windows of those who use a real browser."""

import re
from datetime import datetime
from typing import Any

from django.test import Client
from django.urls import set_script_prefix

from businesses.models import User
from rhivo.testing.builder import Shop
from rhivo.testing.factories import PASSWORD

PHONE, DESKTOP = {"width": 360, "height": 780}, {"width": 1280, "height": 900}
DETAILS = {"name": "Gino", "email": "gino@example.com", "phone": ""}


class Visitor:
    """A browser of its own on a shop's pages. Paths are relative to the shop's, or absolute."""

    def __init__(self, shop: Shop, *, service: str = "cut", staff: str = "anyone") -> None:
        self.shop = shop
        self.client = Client(HTTP_HOST="localhost", enforce_csrf_checks=False)
        self.times = f"book/{service}/{staff}/"

    def address(self, path: str) -> str:
        return path if path.startswith("/") else f"/b/{self.shop.business.subdomain}/{path}"

    def get(self, path: str) -> Any:
        set_script_prefix("/")
        return self.client.get(self.address(path))

    def post(self, path: str, data: dict[str, Any]) -> Any:
        set_script_prefix("/")
        return self.client.post(self.address(path), data)

    def nonce(self, start: datetime) -> str:
        """Open the page of a day and return its nonce, after seeing that the time is offered."""
        page = self.get(f"{self.times}?day={start.astimezone(self.shop.business.zone):%Y-%m-%d}").text
        assert f'value="{start.isoformat()}"' in page
        found = re.search(r'name="nonce" value="([^"]+)"', page)
        assert found
        return found[1]

    def post_time(self, start: datetime, *, nonce: str) -> Any:
        return self.post(self.times, {"start": start.isoformat(), "nonce": nonce})

    def press(self, start: datetime, *, nonce: str | None = None) -> str:
        """Press a free time; return the address at which it is held."""
        answer = self.post_time(start, nonce=nonce or self.nonce(start))
        assert answer.status_code == 302, answer.text
        return str(answer["Location"])

    def book(self, start: datetime, **details: str) -> str:
        """Book a time; return the address at which it is managed."""
        answer = self.post(self.press(start), DETAILS | details)
        assert answer.status_code == 302, answer.text
        return str(answer["Location"])

    def log_in(self, user: User, password: str = PASSWORD, **fields: str) -> Any:
        return self.post("log-in/", {"email": user.email, "password": password, **fields})
