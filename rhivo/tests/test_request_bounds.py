"""The bounds on what is sent: sizes, fields, JSON, texts, ranges and pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from bookings.models import Reservation
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, refused

pytestmark = pytest.mark.django_db


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
