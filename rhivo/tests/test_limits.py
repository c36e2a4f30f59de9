"""Rate limits and bounds: counted before anything is asked of the database, whoever claims to be whom."""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Reservation
from rhivo.claims import acting_as
from rhivo.errors import Throttled
from rhivo.local.demo_launcher import BLOCKING_THREADS
from rhivo.local.running_demo import CHECKOUT
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, refused
from rhivo.testing.clients.http_client import Call
from rhivo.testing.factories import PASSWORD
from rhivo.testing.real_servers.web_server import Server
from rhivo.web import throttling
from rhivo.web.client_address import counted_address
from rhivo.web.load_shedding import (
    DJANGO_THREADS,
    MOST_OF_AN_ADDRESS,
    MOST_PAUSES,
    MOST_REFUSALS,
    PAUSE,
    LoadShedder,
    in_few_threads,
)

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


# Load shedding


def status_of(shedder: LoadShedder, address: str = "203.0.113.7") -> str:
    told: list[str] = []
    environ = {"REMOTE_ADDR": address}
    b"".join(shedder(environ, lambda status, headers, *more: told.append(status)))
    return told[0][:3]


def refusing(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    refusing.asked += 1  # type: ignore[attr-defined]
    start_response("429 Too Many Requests", [])
    return [b""]


def test_who_does_not_stop_is_turned_away_unheard_until_the_minute_is_over() -> None:
    now = 1_000_000_010.0
    refusing.asked = 0  # type: ignore[attr-defined]
    pauses: list[float] = []
    shedder = LoadShedder(refusing, clock=lambda: now, pause=pauses.append)
    assert {status_of(shedder) for _ in range(10_000)} == {"429"}
    assert refusing.asked == MOST_REFUSALS  # type: ignore[attr-defined]
    assert pauses == [PAUSE] * (10_000 - MOST_REFUSALS)
    assert status_of(shedder, "203.0.113.8") == "429"
    assert refusing.asked == MOST_REFUSALS + 1  # type: ignore[attr-defined]
    now += 60
    status_of(shedder)
    assert refusing.asked == MOST_REFUSALS + 2  # type: ignore[attr-defined]


def test_of_those_who_wait_to_be_turned_away_threads_are_left_over() -> None:
    over, waiting = threading.Event(), threading.Semaphore(0)

    def pause(seconds: float) -> None:
        waiting.release()
        over.wait(5)

    refusing.asked = 0  # type: ignore[attr-defined]
    shedder = LoadShedder(refusing, clock=lambda: 1_000_000_010.0, pause=pause)
    for _ in range(MOST_REFUSALS):
        status_of(shedder)
    with ThreadPoolExecutor(MOST_PAUSES) as pool:
        turned_away = [pool.submit(status_of, shedder) for _ in range(MOST_PAUSES)]
        for _ in turned_away:
            waiting.acquire()
        assert status_of(shedder) == "429"
        assert not waiting.acquire(blocking=False)
        over.set()
    assert {answer.result() for answer in turned_away} == {"429"}
    assert BLOCKING_THREADS > DJANGO_THREADS + MOST_PAUSES
    assert f'"--blocking-threads", "{BLOCKING_THREADS}"' in (CHECKOUT / "Dockerfile").read_text()


def test_django_works_on_a_few_requests_at_a_time() -> None:
    inside = threading.Semaphore(DJANGO_THREADS)

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        assert inside.acquire(blocking=False)
        time.sleep(0.01)
        inside.release()
        return []

    application = in_few_threads(slow)
    with ThreadPoolExecutor(BLOCKING_THREADS) as pool:
        assert list(pool.map(lambda _: application({}, lambda *_: None), range(100))) == [[]] * 100


def test_one_address_never_holds_all_threads_of_a_process() -> None:
    inside: list[str] = []

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        inside.append("one more")
        told = status_of(shedder) if len(inside) <= MOST_OF_AN_ADDRESS else "200"
        start_response("200 OK", [])
        return [told.encode()]

    shedder = LoadShedder(slow)
    assert status_of(shedder) == "200"
    assert len(inside) == MOST_OF_AN_ADDRESS
    inside.clear()
    assert status_of(shedder, "203.0.113.8") == "200"


def test_what_comes_in_one_burst_is_let_in_as_soon_as_there_is_room() -> None:
    busy, rest = threading.Semaphore(0), threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        busy.release()
        rest.wait(5)
        start_response("200 OK", [])
        return []

    with ThreadPoolExecutor(MOST_OF_AN_ADDRESS) as pool:

        def pause(seconds: float) -> None:
            rest.set()
            pool.shutdown()

        shedder = LoadShedder(slow, pause=pause)
        burst = [pool.submit(status_of, shedder) for _ in range(MOST_OF_AN_ADDRESS)]
        for _ in burst:
            busy.acquire()
        assert status_of(shedder) == "200"
    assert {answer.result() for answer in burst} == {"200"}


def test_a_request_that_breaks_leaves_no_place_taken() -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError

    shedder = LoadShedder(broken)
    for _ in range(MOST_OF_AN_ADDRESS + 1):
        with pytest.raises(RuntimeError):
            status_of(shedder)


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


# Bounds


def holds_of(shop: Shop) -> int:
    return Reservation.objects.filter(business=shop.business).count()


def test_a_body_over_the_bound_is_refused_in_the_form_of_its_face(shop: Shop) -> None:
    client, body = Client(HTTP_HOST="localhost"), "x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    refused(client.post(f"{shop.api}/reservations/", body, content_type="application/json"), 413, "TOO_LARGE")
    page = client.post(f"/b/{shop.business.subdomain}/log-in/", body, content_type="application/x-www-form-urlencoded")
    assert (page.status_code, page["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "256 KiB" in page.text


def test_an_address_over_the_bound_is_refused(shop: Shop) -> None:
    client = Client(HTTP_HOST="localhost")
    refused(client.get(f"{shop.api}/slots/", {"service": "x" * 4096}), 414, "TOO_LONG")
    assert client.get("/" + "x" * 4096).status_code == 414


def test_a_body_of_unknown_length_is_refused(shop: Shop) -> None:
    answer = Client(HTTP_HOST="localhost").post(
        f"{shop.api}/reservations/", "{}", content_type="application/json", headers={"Transfer-Encoding": "chunked"}
    )
    refused(answer, 411, "LENGTH_REQUIRED")


def test_more_fields_than_any_form_has_and_files_are_refused(shop: Shop) -> None:
    client, path = Client(HTTP_HOST="localhost"), f"/b/{shop.business.subdomain}/log-in/"
    form = "application/x-www-form-urlencoded"
    assert client.post(path, "&".join(f"a{n}=1" for n in range(501)), content_type=form).status_code == 400
    upload = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    assert client.post(path, upload, content_type="multipart/form-data; boundary=b").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        '{"service": "cut", "service": "other", "start": "2030-01-01T10:00:00Z"}',
        json.dumps({f"name{n}": 1 for n in range(201)}),
        '{"start": NaN}',
        '{"start": Infinity}',
        '{"start": ' + "9" * 5000 + "}",
        "[" * 50_000,
        '{"a":' * 20_000,
        "\ufeff{}",
        "",
        "null",
        "[]",
        '"text"',
        "1",
    ],
)
def test_json_that_no_client_of_ours_writes_is_malformed(body: str, shop: Shop) -> None:
    refused(Api().post(f"{shop.api}/reservations/", body), 400, "MALFORMED")
    assert holds_of(shop) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 121),
        ("email", "x" * 255),
        ("phone", "1" * 33),
        ("notes", "x" * 2001),
        ("answers", {"no": "such question"}),
        ("answers", {"allergies": "x" * 1001}),
        ("answers", {f"q{n}": "x" for n in range(201)}),
        ("answers", {"allergies": [["deep"]]}),
        ("answers", ["no mapping"]),
    ],
)
def test_what_is_said_with_a_booking_is_bounded(field: str, value: Any, shops: Callable[..., Shop]) -> None:
    shop = shops(questions=[{"key": "allergies", "label": "Allergies?", "kind": "text", "required": False}])
    hold = shop.hold(shop.at())
    given = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com"} | {field: value}
    answer = Api().post(f"{shop.api}/appointments/", given)
    assert answer.status_code in (400, 422)
    assert any(name.startswith(field) for name in answer.json().get("errors", {field: ""}))
    with acting_as(shop.employees):
        hold.refresh_from_db()
    assert hold.status == "held"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2030-01-01", "to": "2030-03-04"}, "to"),
        ({"from": "0001-01-01", "to": "9999-12-31"}, "to"),
        ({"from": "2030-01-02", "to": "2030-01-01"}, "to"),
    ],
)
def test_a_range_of_days_is_bounded(query: dict[str, str], field: str, shop: Shop) -> None:
    shop.service()
    assert field in refused(Api().get(f"{shop.api}/slots/", service="cut", **query), 400, "MALFORMED")["errors"]


@pytest.mark.parametrize("size", ["0", "101", "-1", "9" * 2000, "ten"])
def test_a_page_of_a_list_is_bounded(size: str, shop: Shop) -> None:
    refused(Api().get("/api/v1/businesses/", page_size=size), 400, "MALFORMED")
