"""Fixtures that every app's tests share. The suite runs as rhivo_app on real PostgreSQL."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from bookings.guarantees import violations
from rhivo.testing.builder import Shop, make_shop
from rhivo.testing.database import as_role, make_database
from rhivo.testing.real_servers.web_server import Server, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def django_db_setup(worker_id: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give each test process a database of its own, and check at the end that all its rows are sound."""
    with django_db_blocker.unblock():
        make_database(f"test_rhivo_{worker_id}")
    yield
    # Whatever the tests wrote, through whichever face, no guarantee may be broken by it.
    with django_db_blocker.unblock(), as_role("worker"):
        assert list(violations()) == []


@pytest.fixture(scope="session", autouse=True)
def _rows_stay() -> None:
    """Let tests that commit leave their rows. Each test has a business of its own, so they disturb no other."""
    # Django would flush: rhivo_app may not TRUNCATE, and the history refuses it to everybody.
    setattr(TransactionTestCase, "_fixture_teardown", lambda self: None)  # noqa: B010


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """Let test clients share what WhiteNoise finds."""
    # Each client makes its own middleware, which walks all static files: half the cost of a short test.
    find = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[tuple[object, ...], dict[str, Any]] = {}

    def shared(middleware: Any) -> None:
        key = (middleware.static_prefix, middleware.max_age, middleware.charset, middleware.allow_all_origins)
        if key not in found:
            find(middleware)
            found[key] = dict(middleware.files)
        middleware.files.update(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", shared)
        yield


@pytest.fixture(autouse=True)
def _fast_and_quiet(settings: Any, tmp_path: Any) -> None:
    # Argon2 takes 100 MB a password on purpose. Limits would count all tests as one address.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLE = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def shop(django_db_setup: None, db: None) -> Shop:
    """A business with people and no services yet."""
    return make_shop()


@pytest.fixture
def other_shop(django_db_setup: None, db: None) -> Shop:
    """Another tenant, to attack from or to attack."""
    return make_shop(name="Other shop", timezone="America/New_York", currency="USD")


@pytest.fixture
def shops(django_db_setup: None, db: None) -> Callable[..., Shop]:
    """Found businesses with fields of the test's choice."""
    return make_shop


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real web server on this process's test database."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Browser]":
    """Start Chromium for one test."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    # Playwright keeps an event loop in this thread, and Django refuses to query from what it takes for async code.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it costs every other run its import

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            # No sandbox: Chromium refuses to make one when it runs as root, as in CI's container.
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()
