"""Fixtures of the tests of bookings."""

import pytest

from rhivo.testing.api import Api


@pytest.fixture
def api() -> Api:
    """A client of the API without a token."""
    return Api()
