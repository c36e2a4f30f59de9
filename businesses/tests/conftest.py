"""Fixtures of the tests of businesses."""

from collections.abc import Callable

import pytest
from django.test import Client

from businesses.models import User


@pytest.fixture
def pages() -> Callable[[User], Client]:
    """Give a person's browser, logged in to the back office."""

    def logged_in(user: User) -> Client:
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        return client

    return logged_in
