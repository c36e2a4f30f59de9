"""Holds over HTTP: keys, rules, garbage; what is refused changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookings.tests.over_http import ask_hold, staff_of, state
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.factories import AvailabilityFactory

pytestmark = pytest.mark.django_db


def test_a_hold_is_made_read_and_released_twice(shop: Shop, api: Api) -> None:
    shop.service(staff=["anna"])
    made = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    assert set(made) == {
        *("id", "service", "visit", "staff", "resources", "places", "start", "end", "expires_at"),
        *("price_cents", "currency"),
    }
    assert made["service"] == {"id": str(shop.service().id), "slug": "cut", "name": "Cut"}
    assert made["staff"]["slug"] == "anna"
    assert datetime.fromisoformat(made["start"]) == shop.at()
    assert datetime.fromisoformat(made["end"]) == shop.at("10:30")
    path = f"{shop.api}/reservations/{made['id']}"
    assert answered(api.get(path)) == answered(api.get(f"{path}/")) == made
    assert [api.delete(f"{path}/").status_code, api.delete(path).status_code] == [204, 204]
    assert state(shop) == []
    refused(api.get(path), 410, "HOLD_EXPIRED")


def test_a_full_slot_names_up_to_three_alternatives(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"))
    before = state(shop)
    problem = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at("10:00"))), 409, "SLOT_UNAVAILABLE")
    assert [datetime.fromisoformat(start) for start in problem["alternatives"]] == [
        *(shop.at("09:30"), shop.at("10:30"), shop.at("09:00"))
    ]
    assert state(shop) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end": "2030-01-01T10:00:00Z"}, "end"),
        ({"duration_minutes": 5}, "duration_minutes"),
        ({"price_cents": 0}, "price_cents"),
        ({"customer": str(uuid4())}, "customer"),
        ({"expires_at": "2030-01-01T10:00:00Z"}, "expires_at"),
        ({"start": "2030-01-01T10:00:00"}, "start"),
        ({"start": "2030-01-01"}, "start"),
        ({"start": 1893492000}, "start"),
        ({"start": None}, "start"),
        ({"start": []}, "start"),
        ({"service": None}, "service"),
        ({"service": {}}, "service"),
        ({"service": "a\0b"}, "service"),
        ({"service": "\ud800"}, "service"),
        ({"staff": ["anna"]}, "staff"),
    ],
)
def test_a_hold_refuses_what_it_does_not_know_and_wrong_types(
    changes: dict[str, Any], field: str, shop: Shop, api: Api
) -> None:
    problem = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()) | changes), 400, "MALFORMED")
    assert list(problem["errors"]) == [field]
    assert state(shop) == []


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", '"text"', "null", "7", '{"service": NaN}', b"\xff\xfe", '{"a": 1}' * 2),
        "[" * 100_000,
        '{"service": ' * 5_000,
        '{"start": ' + "9" * 5000 + "}",
    ],
)
def test_garbage_is_malformed(body: str | bytes, shop: Shop, api: Api) -> None:
    shop.service()
    refused(api.post(f"{shop.api}/reservations/", body), 400, "MALFORMED")
    assert state(shop) == []


def test_a_body_larger_than_any_request_needs_is_refused(shop: Shop, api: Api) -> None:
    shop.service()
    body = ask_hold(shop, shop.at()) | {"staff": "x" * 300_000}
    refused(api.post(f"{shop.api}/reservations/", body), 413, "TOO_LARGE")
    assert state(shop) == []


def test_another_media_type_is_refused(shop: Shop, api: Api) -> None:
    response = api.client.post(f"{shop.api}/reservations/", {"service": "cut"}, headers={"Idempotency-Key": "k" * 9})
    refused(response, 415, "MALFORMED")


@pytest.mark.parametrize("start", ["10:00:30", "10:01:00", "10:10:00", "10:00:00.5"])
def test_a_start_off_the_grid_is_refused_not_rounded(start: str, shop: Shop, api: Api) -> None:
    when = f"{shop.at().date()}T{start}+00:00"
    refused(api.post(f"{shop.api}/reservations/", {"service": shop.service().slug, "start": when}), 422, "OFF_GRID")
    assert state(shop) == []


@pytest.mark.parametrize(
    "start",
    [
        *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0002-01-01T00:00:00Z"),
        *("9999-12-31T23:55:00Z", "9999-12-31T23:55:00-14:00", "9998-12-31T23:55:00Z", "9999-01-01T00:00:00Z"),
    ],
)
def test_a_start_at_the_ends_of_the_calendar_is_refused(start: str, shop: Shop, api: Api) -> None:
    response = api.post(f"{shop.api}/reservations/", {"service": shop.service().slug, "start": start})
    assert response.status_code in (400, 422), response.content
    refused(response, response.status_code, response.json()["code"])
    assert state(shop) == []


def next_open(shop: Shop) -> datetime:
    """Return a start within the next 24 hours at which the shop is open."""
    starts = (shop.at(f"{hour:02}:00", days=days) for days in (0, 1) for hour in range(8, 20))
    return next(start for start in starts if start > now() + timedelta(minutes=5))


def test_each_rule_about_starts_has_its_code(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(min_notice_minutes=24 * 60)
    shop.service(staff=["anna"])
    closed, broken = shop.at(days=5).date(), shop.at(days=6).date()
    with shop.changes():
        for day, opens, closes in ((closed, None, None), (broken, 540, 600), (broken, 660, 720)):
            AvailabilityFactory.create(
                business=shop.business, first_date=day, last_date=day, opens=opens, closes=closes
            )
        AvailabilityFactory.create(
            business=shop.business, staff=shop.person("anna"), first_date=shop.at(days=7).date(),
            last_date=shop.at(days=7).date(),
        )  # fmt: skip
    expected = {
        "CLOSED": shop.at(days=5),
        "BREAK": shop.at("10:30", days=6),
        "OUTSIDE_HOURS": shop.at("07:30"),
        "PAST": shop.at(days=-2),
        "TOO_SOON": next_open(shop),
        "TOO_FAR": shop.at(days=70),
        "STAFF_UNAVAILABLE": shop.at(days=7),
    }
    got = {}
    for code, start in expected.items():
        got[code] = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, start)), 422, code)["code"]
    assert list(got) == list(expected)
    assert state(shop) == []


@pytest.mark.parametrize("key", ["", "short", "x" * 129, "tab\there!", "ünprintable-key"])
def test_a_hold_and_an_appointment_need_a_good_key(key: str, shop: Shop, api: Api) -> None:
    hold = shop.hold(shop.at())
    before = state(shop)
    problem = refused(
        api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at("12:00")), key=key), 400, "MALFORMED"
    )
    assert "Idempotency-Key" in problem["errors"]
    refused(api.post(f"{shop.api}/appointments/", {"reservation": str(hold.id)}, key=key), 400, "MALFORMED")
    staff = staff_of(shop)
    booking = ask_hold(shop, shop.at("12:00"), customer={"name": "Gino"})
    refused(staff.post("/api/v1/appointments/", booking, key=key), 400, "MALFORMED")
    assert state(shop) == before


def test_the_same_key_gives_the_same_hold_and_another_request_a_refusal(shop: Shop, other_shop: Shop, api: Api) -> None:
    other_shop.service()
    first = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()), key="the-same-key"), 201)
    again = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()), key="the-same-key"), 200)
    assert again == first
    before = state(shop)
    other = ask_hold(shop, shop.at("12:00"))
    refused(api.post(f"{shop.api}/reservations/", other, key="the-same-key"), 422, "IDEMPOTENCY_MISMATCH")
    assert state(shop) == before
    elsewhere = ask_hold(other_shop, other_shop.at())
    answered(api.post(f"{other_shop.api}/reservations/", elsewhere, key="the-same-key"), 201)


def test_a_released_hold_frees_its_key(shop: Shop, api: Api) -> None:
    body = ask_hold(shop, shop.at())
    first = answered(api.post(f"{shop.api}/reservations/", body, key="the-same-key"), 201)
    api.delete(f"{shop.api}/reservations/{first['id']}/")
    second = answered(api.post(f"{shop.api}/reservations/", body, key="the-same-key"), 201)
    assert second["id"] != first["id"]


def test_what_is_anothers_or_nobodys_is_not_found_in_one_shape(shop: Shop, other_shop: Shop, api: Api) -> None:
    theirs = other_shop.hold(other_shop.at(), other_shop.service(staff=["zoe"]))
    shop.service(staff=["anna"])
    bodies = [
        refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service=service)), 404, "NOT_FOUND")
        for service in (str(other_shop.service().id), str(uuid4()), "nope")
    ]
    people = [
        refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), staff=staff)), 404, "NOT_FOUND")
        for staff in (str(other_shop.person("zoe").id), str(uuid4()), "zoe")
    ]
    holds = [
        refused(call(f"{shop.api}/reservations/{hold}/"), 404, "NOT_FOUND")
        for hold in (theirs.id, uuid4())
        for call in (api.get, api.delete)
    ]
    commits = [
        refused(api.post(f"{shop.api}/appointments/", {"reservation": str(hold), "name": "X"}), 404, "NOT_FOUND")
        for hold in (theirs.id, uuid4())
    ]
    for same in (bodies, people, holds, commits):
        assert all(body == same[0] for body in same)
    assert state(shop) == []


@pytest.mark.parametrize("subdomain", ["nobody-here", "a" * 300, "%00", "%F0%9F%92%A9", "..%2f", "a'b", "%ff"])
def test_no_such_business_is_not_found(subdomain: str, api: Api, db: None) -> None:
    for end in ("", "/services", "/staff", f"/reservations/{uuid4()}"):
        refused(api.get(f"/api/v1/businesses/{subdomain}{end}/"), 404, "NOT_FOUND")


def test_paths_that_are_none_and_methods_that_are_none_are_problems(shop: Shop, api: Api) -> None:
    refused(api.get("/api/v1/nothing/"), 404, "NOT_FOUND")
    refused(api.get(f"{shop.api}/reservations/not-an-id/"), 404, "NOT_FOUND")
    refused(api.get(f"/api/v1/appointments/{'9' * 400}/"), 404, "NOT_FOUND")
    refused(api.client.put(f"{shop.api}/reservations/"), 405, "MALFORMED")


def test_a_closed_down_business_is_not_found(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(is_active=False)
    refused(api.get(f"{shop.api}/"), 404, "NOT_FOUND")
    refused(api.get(f"{shop.api}/services/"), 404, "NOT_FOUND")


def test_an_inactive_service_is_not_searched_and_not_held(shop: Shop, api: Api) -> None:
    shop.service("gone", is_active=False)
    query = {"service": "gone", "from": "2030-01-01", "to": "2030-01-02"}
    refused(api.get(f"{shop.api}/slots/", **query), 404, "NOT_FOUND")
    held = api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service="gone"))
    refused(held, 422, "SERVICE_UNAVAILABLE")
    assert state(shop) == []


@pytest.mark.django_db(transaction=True)
def test_a_hold_asked_for_again_is_the_same_after_its_service_was_switched_off(shop: Shop, api: Api) -> None:
    service, path = shop.service(staff=["anna"]), f"{shop.api}/reservations/"
    asked = ask_hold(shop, shop.at(), staff="anna")
    first = answered(api.post(path, asked, key="the-same-key"), 201)
    with shop.changes():
        service.is_active = False
        service.save(update_fields=["is_active", "version"])
    assert answered(api.post(path, asked, key="the-same-key"), 200)["id"] == first["id"]
