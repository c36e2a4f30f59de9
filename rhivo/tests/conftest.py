"""Two businesses with something in every table, and bare connections of each login."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from rhivo.testing.attack import furnish
from rhivo.testing.database import raw
from rhivo.testing.shops import Shop


@pytest.fixture(scope="module")
def owner_connection(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with raw("owner") as connection:
        yield connection


@pytest.fixture(scope="module")
def app_connection(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with raw("app") as connection:
        yield connection


@pytest.fixture(scope="module")
def worker_connection(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with raw("worker") as connection:
        yield connection


@pytest.fixture
def full_shops(shops: Callable[..., Shop], transactional_db: None) -> tuple[Shop, Shop]:
    """Two businesses with at least one row in every tenant table."""
    both = shops(), shops()
    for shop in both:
        furnish(shop)
    return both
