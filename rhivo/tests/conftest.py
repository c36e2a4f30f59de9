"""What tests of isolation share: two full businesses, bare connections of each login, who sends requests, and an installation to break."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import set_script_prefix

from rhivo.testing.attacks.attacked_installation import OwnInstallation, own_installation
from rhivo.testing.builder import Shop
from rhivo.testing.claim_leaks.leaking_requests import Visitor, visitors_of
from rhivo.testing.database import raw
from rhivo.testing.real_servers.web_server import Server, serving
from rhivo.testing.sql_attacker import furnish
from rhivo.testing.tenants import SECRET, Tenant, furnished


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


@pytest.fixture
def visitors(shop: Shop, other_shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture) -> Iterator[list[Visitor]]:
    """Who asks in the searches for leaks, among them nobody; only those views are there."""
    settings.ROOT_URLCONF = "rhivo.testing.claim_leaks.leaking_requests"
    shop.book(shop.at("10:00"))
    other_shop.book(other_shop.at("10:00"))
    other_shop.book(other_shop.at("11:00"))
    with caplog.at_level("CRITICAL"):
        yield visitors_of(shop, other_shop)


@pytest.fixture
def visit() -> Callable[..., Any]:
    """Ask for a page as any client would; a host of one's choice."""

    def ask(path: str, host: str = "localhost", **options: Any) -> Any:
        set_script_prefix("/")
        return Client(HTTP_HOST=host, raise_request_exception=False).get(path, **options)

    return ask


@pytest.fixture
def limited_server(tmp_path: Path, transactional_db: None) -> Iterator[Server]:
    """Two processes with limits on, behind a proxy on this machine."""
    with serving(tmp_path, environment={"RHIVO_THROTTLE": "on", "TRUSTED_PROXIES": "127.0.0.1"}) as running:
        yield running


@pytest.fixture(scope="session")
def installation() -> Iterator[OwnInstallation]:
    """An installation of its own, whose servers a test may stop, starve and kill; it mends again what it broke."""
    with own_installation() as made:
        yield made


@pytest.fixture
def mine(shops: Callable[..., Shop]) -> Tenant:
    return furnished(shops())


@pytest.fixture
def theirs(shops: Callable[..., Shop]) -> Tenant:
    return furnished(shops(name=SECRET))
