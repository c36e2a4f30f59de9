"""Rate limits: counted before anything is asked of the database, by an address that no header can change."""

import logging
import time
from collections import Counter
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rhivo.errors import Throttled
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import refused
from rhivo.testing.clients.http_client import Call
from rhivo.testing.factories import PASSWORD
from rhivo.testing.real_servers.web_server import Server
from rhivo.web import throttling
from rhivo.web.client_address import counted_address

pytestmark = pytest.mark.django_db
LOCAL = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switch limits on, on a counter of one's own and within one window."""
    settings.CACHES = {"default": {"BACKEND": LOCAL, "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    moment = SimpleNamespace(time=lambda: 1_000_000_010.0, monotonic=lambda: 0.0)
    monkeypatch.setattr(throttling._Rest, "until", 0.0)
    monkeypatch.setattr(throttling, "time", moment)
    return moment


# Where a request comes from


ALONE: list[str] = []
BEHIND = ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "counted"),
    [
        (ALONE, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (ALONE, "10.0.0.1", "198.51.100.1", "10.0.0.1"),
        (BEHIND, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (BEHIND, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (BEHIND, "10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        (BEHIND, "10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        (BEHIND, "10.0.0.1", "198.51.100.1, 10.2.2.2,10.3.3.3 ", "198.51.100.1"),
        (BEHIND, "10.0.0.1", "", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "10.1.1.1, 10.2.2.2", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "' OR 1=1 --", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "198.51.100.1:4711", "10.0.0.1"),
        (BEHIND, "10.0.0.1", ",,,,", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "1.1.1.1," * 5000 + "198.51.100.1", "198.51.100.1"),
        (BEHIND, "10.0.0.1", "198.51.100.1," + "10.2.2.2," * 5000 + "10.2.2.2", "10.0.0.1"),
        (BEHIND, "10.0.0.1", "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        (BEHIND, "fd00::1", "2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        (ALONE, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (ALONE, "::ffff:203.0.113.7", "", "203.0.113.7"),
        (BEHIND, "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (BEHIND, "", "198.51.100.1", ""),
    ],
)
def test_the_address_that_counts_is_the_one_our_own_proxy_saw(
    trusted: list[str], peer: str, forwarded: str, counted: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = trusted
    others = {"HTTP_X_REAL_IP": "192.0.2.1", "HTTP_FORWARDED": "for=192.0.2.1", "HTTP_TRUE_CLIENT_IP": "192.0.2.1"}
    assert counted_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded} | others) == counted


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP"])
def test_no_header_of_a_stranger_gets_around_a_limit(name: str, shop: Shop, limits: Any, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    statuses = [
        Client(HTTP_HOST="localhost").post(
            f"{shop.api}/reservations/", "{}", content_type="application/json", headers={name: f"198.51.100.{n}"}
        )
        for n in range(61)
    ]
    assert [answer.status_code for answer in statuses[:60]] == [400] * 60
    refused(statuses[60], 429, "THROTTLED")


def test_each_visitor_behind_a_trusted_proxy_has_a_limit_of_their_own(shop: Shop, limits: Any, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def hold(visitor: str) -> int:
        path = f"{shop.api}/reservations/"
        client = Client(HTTP_HOST="localhost")
        return client.post(
            path, "{}", content_type="application/json", headers={"X-Forwarded-For": visitor}
        ).status_code

    assert {hold("198.51.100.1") for _ in range(60)} == {400}
    assert hold("198.51.100.1") == 429
    assert hold("9.9.9.9, 198.51.100.1") == 429
    assert hold("198.51.100.2") == 400


# What a limit costs


@pytest.mark.parametrize(
    "path", ["{api}/reservations/", "/b/{sub}/book/cut/anyone/", "/api/v1/auth/token/", "/admin/login/"]
)
def test_a_request_too_many_asks_nothing_of_the_database(path: str, shop: Shop, limits: Any) -> None:
    shop.service()
    path = path.format(api=shop.api, sub=shop.business.subdomain)
    client = Client(HTTP_HOST="localhost")
    for _ in range(60):
        answer = client.post(path, {}, content_type="application/json")
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(path, {}, content_type="application/json")
    assert answer.status_code == 429
    assert len(asked) == 0
    assert int(answer["Retry-After"]) == 10


def test_what_is_only_read_is_counted_too_also_where_nothing_is(shop: Shop, limits: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(throttling.PER_MINUTE, "read", 3)
    client = Client(HTTP_HOST="localhost")
    paths = ["/", f"/b/{shop.business.subdomain}/", f"{shop.api}/", "/nothing/"]
    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 429]


def test_a_window_ends_and_the_next_counts_from_nothing(limits: Any) -> None:
    def tries(count: int) -> int:
        done = 0
        for _ in range(count):
            with suppress(Throttled):
                throttling.throttle(None, "hold", who="somebody")  # type: ignore[arg-type]
                done += 1
        return done

    assert tries(70) == 60
    limits.time = lambda: 1_000_000_019.9
    assert tries(1) == 0
    limits.time = lambda: 1_000_000_020.0
    assert tries(70) == 60


def test_without_the_cache_requests_pass_and_the_log_says_so(
    shop: Shop, limits: Any, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(throttling, "cache", SimpleNamespace(incr=away, add=away))
    with caplog.at_level(logging.WARNING):
        assert Client(HTTP_HOST="localhost").get(f"{shop.api}/").status_code == 200
    assert "rate limits are off" in caplog.text


# Passwords


def log_in(client: Client, path: str, email: str, password: str, address: str) -> Any:
    data = {"email": email, "username": email, "password": password}
    return client.post(path, data, REMOTE_ADDR=address)


@pytest.mark.parametrize("path", ["/b/{sub}/log-in/", "/admin/login/"])
def test_many_addresses_have_no_more_tries_at_an_account_than_one(path: str, shop: Shop, limits: Any) -> None:
    path = path.format(sub=shop.business.subdomain)
    for n in range(10):
        log_in(Client(HTTP_HOST="localhost"), path, shop.owner.email, "wrong", f"203.0.113.{n}")
    stranger = Client(HTTP_HOST="localhost")
    log_in(stranger, path, f" {shop.owner.email.upper()} ", PASSWORD, "203.0.113.99")
    assert "session" not in stranger.cookies or "_auth_user_id" not in stranger.session


@pytest.mark.parametrize("path", ["/b/{sub}/log-in/", "/admin/login/"])
def test_a_stranger_who_guesses_does_not_lock_the_person_out(path: str, shop: Shop, limits: Any) -> None:
    path = path.format(sub=shop.business.subdomain)
    home = Client(HTTP_HOST="localhost")
    assert log_in(home, path, shop.owner.email, PASSWORD, "198.51.100.1").status_code == 302
    home.cookies.pop("session")
    for n in range(20):
        log_in(Client(HTTP_HOST="localhost"), path, shop.owner.email, "wrong", f"203.0.113.{n}")
    assert log_in(home, path, shop.owner.email, PASSWORD, "198.51.100.1").status_code == 302


def test_a_known_browser_is_known_for_its_own_account_alone(shop: Shop, limits: Any) -> None:
    path = f"/b/{shop.business.subdomain}/log-in/"
    customer = Client(HTTP_HOST="localhost")
    assert log_in(customer, path, shop.customer.email, PASSWORD, "198.51.100.1").status_code == 302
    customer.cookies.pop("session")
    for n in range(10):
        log_in(customer, path, shop.owner.email, "wrong", f"203.0.113.{n}")
    assert log_in(customer, path, shop.owner.email, PASSWORD, "203.0.113.99").status_code == 429


# Real processes


def test_two_processes_count_together(limited_server: Server, shop: Shop) -> None:
    shop.service()
    minute = 0
    while minute != int(time.time()) // 60:  # the count starts anew if one ends meanwhile
        minute, address = int(time.time()) // 60, f"2001:db8:{uuid4().hex[:4]}:1::"
        calls = [
            Call(f"{shop.api}/reservations/", {}, headers={"X-Forwarded-For": f"{address}{n:x}"}) for n in range(1, 151)
        ]
        # Ten times new connections: of four alone, one process may get all.
        few = [calls[n : n + 15] for n in range(0, 150, 15)]
        codes = [answer.code for some in few for answer in limited_server.storm(some, lanes=4)]
    assert Counter(codes) == {"MALFORMED": 60, "THROTTLED": 90}
    other = Call(f"{shop.api}/reservations/", {}, headers={"X-Forwarded-For": f"2001:db8:{uuid4().hex[:4]}:2::1"})
    assert limited_server.ask(other).code == "MALFORMED"
