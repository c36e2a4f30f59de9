"""Nobody waits for ever and nobody holds locks for ever: what the database ends becomes 503 BUSY, and the next request works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from rhivo.local.processes import wait_until
from rhivo.testing.builder import Shop
from rhivo.testing.claim_leaks.leaking_requests import connected, in_force
from rhivo.testing.clients.api_client import Api, refused
from rhivo.testing.database import Role, raw

pytestmark = pytest.mark.django_db(transaction=True)
LIMITS = {
    "app": {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"},
    "worker": {"statement_timeout": "1min", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "1min"},
}
KNOWS_TRANSACTION_TIMEOUT = 170000


def _slow(_: HttpRequest) -> HttpResponse:
    connection.cursor().execute("SELECT pg_sleep(20)")
    return HttpResponse("slept")


def _many_statements(_: HttpRequest) -> HttpResponse:
    for _number in range(2000):
        connection.cursor().execute("SELECT pg_sleep(0.01)")
    return HttpResponse("slept")


def _idle(_: HttpRequest) -> HttpResponse:
    """Hold a transaction open without a word until the server ends it, then go on."""
    pid = connection.connection.info.backend_pid
    in_force()
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as administrator:
        present = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: administrator.execute(present, [pid]).fetchone() is None, seconds=20)
    in_force()
    return HttpResponse("went on")


def _well(_: HttpRequest) -> HttpResponse:
    return HttpResponse(in_force())


VIEWS = {"slow": _slow, "many": _many_statements, "idle": _idle, "well": _well}
urlpatterns = [path(f"{prefix}{name}/", view) for name, view in VIEWS.items() for prefix in ("api/v1/", "")]


@contextmanager
def limited(**limits: str) -> Iterator[None]:
    """Connect with shorter limits than the role's."""
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    with connected(change=lambda former: {"OPTIONS": {**former["OPTIONS"], "options": options}}):
        yield


@pytest.mark.parametrize("role", LIMITS)
def test_a_login_has_limits_of_its_own(role: Role) -> None:
    with raw(role) as login:
        found = {name: login.execute("SELECT current_setting(%s)", [name]).fetchone() for name in LIMITS[role]}
        assert found == {name: (value,) for name, value in LIMITS[role].items()}
        if role == "app" and login.info.server_version >= KNOWS_TRANSACTION_TIMEOUT:
            assert login.execute("SHOW transaction_timeout").fetchone() == ("1min",)


def endings() -> dict[str, dict[str, str]]:
    """Return which view is ended by which limit, as far as this server knows it."""
    with raw("app") as login:
        newer = login.info.server_version >= KNOWS_TRANSACTION_TIMEOUT
    found = {"slow": {"statement_timeout": "50ms"}, "idle": {"idle_in_transaction_session_timeout": "50ms"}}
    return found | ({"many": {"transaction_timeout": "200ms"}} if newer else {})


def test_what_takes_too_long_is_ended_as_busy_and_the_next_request_works(
    shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = __name__
    for name, limit in endings().items():
        with caplog.at_level("CRITICAL"), limited(**limit):
            answer = Api().get(f"/api/v1/{name}/")
            refused(answer, 503, "BUSY")
            assert answer["Retry-After"] == "5"
            assert Api().get("/api/v1/well/").content == b"", name


def test_on_a_page_it_is_a_page_that_says_so(
    shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    settings.ROOT_URLCONF = __name__
    for name, limit in endings().items():
        with caplog.at_level("CRITICAL"), limited(**limit):
            answer = client.get(f"/{name}/")
            assert (answer.status_code, answer["Retry-After"], "text/html" in answer["Content-Type"]) == (
                503,
                "5",
                True,
            )
            assert client.get("/well/").status_code == 200


def test_a_lock_that_cannot_be_had_in_time_is_busy_and_changes_nothing(shop: Shop) -> None:
    service = shop.service()
    body = {"service": str(service.id), "start": shop.at("10:00").isoformat()}
    with limited(lock_timeout="50ms"):
        with raw("owner") as owner, owner.transaction():
            owner.execute("SELECT 1 FROM services WHERE id = %s FOR UPDATE", [service.id])
            answer = Api().post(f"{shop.api}/reservations/", body)
            refused(answer, 503, "BUSY")
            assert answer["Retry-After"] == "5"
        assert Api().post(f"{shop.api}/reservations/", body).status_code == 201
    with raw("owner") as owner:
        held = owner.execute("SELECT count(*) FROM reservations WHERE business_id = %s", [shop.business.id]).fetchone()
    assert held == (1,)
