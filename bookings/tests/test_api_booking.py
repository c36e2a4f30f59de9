"""Booking over HTTP as a guest or a customer, and what each of them reaches."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bookings.tests.over_http import APPOINTMENT_FIELDS, ask_hold, customer_of, guest_of, path_of, state
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused

pytestmark = pytest.mark.django_db


def test_a_guest_books_and_gets_a_token_that_a_retry_shows_again(shop: Shop, api: Api) -> None:
    hold = shop.hold(shop.at())
    body = {"reservation": str(hold.id), "name": "Gino", "email": "GINO@Example.com ", "phone": "06 1234567"}
    response = api.post(f"{shop.api}/appointments/", body, key="a-good-key")
    made = answered(response, 201)
    assert set(made) == APPOINTMENT_FIELDS | {"cancellation_token"}
    assert response.headers["ETag"] == '"1"'
    assert made["customer"] == {"name": "Gino", "email": "gino@example.com", "phone": "+39061234567"}
    assert (made["status"], made["version"], made["price_cents"], made["currency"]) == ("confirmed", 1, 2500, "EUR")
    assert made["business"] == shop.business.subdomain
    assert datetime.fromisoformat(made["cancel_until"]) == shop.at() - timedelta(hours=24)
    assert answered(api.post(f"{shop.api}/appointments/", body, key="a-good-key")) == made
    assert answered(api.post(f"{shop.api}/appointments/", body, key="another-key")) == made
    before = state(shop)
    refused(
        api.post(f"{shop.api}/appointments/", body | {"name": "Eve"}, key="a-good-key"), 422, "IDEMPOTENCY_MISMATCH"
    )
    assert state(shop) == before
    answered(api.get(f"{shop.api}/reservations/{hold.id}/"))
    refused(api.delete(f"{shop.api}/reservations/{hold.id}/"), 409, "ILLEGAL_TRANSITION")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"email": ""}, 422, "CONTACT_REQUIRED"),
        ({"name": " "}, 422, "CONTACT_REQUIRED"),
        ({"email": "nonsense"}, 400, "MALFORMED"),
        ({"phone": "call me"}, 400, "MALFORMED"),
        ({"phone": "+0"}, 400, "MALFORMED"),
        ({"email": "a@b.example\nBcc: x@example.com"}, 400, "MALFORMED"),
        ({"start": "2030-01-01T10:00:00Z"}, 400, "MALFORMED"),
        ({"price_cents": 1}, 400, "MALFORMED"),
        ({"status": "completed"}, 400, "MALFORMED"),
        ({"reservation": "x"}, 400, "MALFORMED"),
        ({"reservation": None}, 400, "MALFORMED"),
        ({"name": "n" * 121}, 400, "MALFORMED"),
        ({"notes": "n" * 2001}, 400, "MALFORMED"),
        ({"notes": "nul \0"}, 400, "MALFORMED"),
        ({"answers": []}, 400, "MALFORMED"),
        ({"answers": {"shoe-size": "42"}}, 422, "ANSWERS_INVALID"),
    ],
)
def test_a_commit_that_is_not_as_asked_leaves_the_hold_as_it_is(
    changes: dict[str, Any], status: int, code: str, shop: Shop, api: Api
) -> None:
    hold = shop.hold(shop.at())
    before = state(shop)
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com"}
    refused(api.post(f"{shop.api}/appointments/", body | changes), status, code)
    assert state(shop) == before
    answered(api.post(f"{shop.api}/appointments/", body), 201)


QUESTIONS = [
    {"key": "allergies", "label": "Allergies?", "kind": "text", "required": True},
    {"key": "length", "label": "Length?", "kind": "choice", "choices": ["short", "long"]},
    {"key": "agreed", "label": "Agreed?", "kind": "checkbox"},
]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({}, "allergies"),
        ({"allergies": ""}, "allergies"),
        ({"allergies": 7}, "allergies"),
        ({"allergies": "x" * 1001}, "allergies"),
        ({"allergies": "nul \0 byte"}, "allergies"),
        ({"allergies": "half a pair \ud800"}, "allergies"),
        ({"allergies": "none", "length": "middling"}, "length"),
        ({"allergies": "none", "length": ["short"]}, "length"),
        ({"allergies": "none", "length": 0}, "length"),
        ({"allergies": "none", "agreed": "yes"}, "agreed"),
        ({"allergies": "none", "agreed": 1}, "agreed"),
        ({"allergies": "none", "other": 1}, "other"),
    ],
)
def test_answers_not_as_asked_are_named_and_nothing_is_booked(
    answers: dict[str, Any], field: str, shops: Callable[..., Shop], api: Api
) -> None:
    shop = shops(questions=QUESTIONS)
    hold = shop.hold(shop.at())
    before = state(shop)
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com", "answers": answers}
    problem = refused(api.post(f"{shop.api}/appointments/", body), 422, "ANSWERS_INVALID")
    assert list(problem["errors"]) == [f"answers.{field}"]
    assert state(shop) == before


def test_answers_as_asked_are_kept(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(questions=QUESTIONS)
    hold = shop.hold(shop.at())
    answers = {"allergies": "Nüsse 🌰", "length": "long", "agreed": True}
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com", "answers": answers}
    assert answered(api.post(f"{shop.api}/appointments/", body), 201)["answers"] == answers


def test_a_customer_books_without_repeating_their_contact_and_gets_no_guest_token(shop: Shop) -> None:
    customer = customer_of(shop)
    hold = answered(customer.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    made = answered(customer.post(f"{shop.api}/appointments/", {"reservation": hold["id"]}), 201)
    assert "cancellation_token" not in made
    assert made["customer"]["email"] == shop.customer.email
    assert answered(customer.get(f"/api/v1/appointments/{made['id']}"))["id"] == made["id"]


def test_a_customers_hold_is_no_use_to_anyone_else(shop: Shop, other_shop: Shop) -> None:
    hold = answered(customer_of(shop).post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    before = state(shop)
    body = {"reservation": hold["id"], "name": "Eve", "email": "eve@example.com"}
    for eve in (Api(), customer_of(other_shop)):
        refused(eve.get(f"{shop.api}/reservations/{hold['id']}/"), 404, "NOT_FOUND")
        refused(eve.delete(f"{shop.api}/reservations/{hold['id']}/"), 404, "NOT_FOUND")
        refused(eve.post(f"{shop.api}/appointments/", body), 404, "NOT_FOUND")
    assert state(shop) == before


def test_a_guest_token_reaches_its_one_appointment_and_nothing_else(shop: Shop, other_shop: Shop) -> None:
    mine, other, foreign = shop.book(shop.at()), shop.book(shop.at("12:00")), other_shop.book(other_shop.at())
    guest = guest_of(mine)
    assert answered(guest.get(path_of(mine)))["id"] == str(mine.id)
    listed = answered(guest.get("/api/v1/appointments/"))["results"]
    assert [item["id"] for item in listed] == [str(mine.id)]
    before = state(shop)
    for appointment in (other, foreign):
        refused(guest.get(path_of(appointment)), 404, "NOT_FOUND")
        refused(guest.post(path_of(appointment, "cancel/"), {}, version=1), 404, "NOT_FOUND")
        refused(
            guest.post(path_of(appointment, "reschedule/"), {"start": shop.at("15:00").isoformat()}, version=1),
            404,
            "NOT_FOUND",
        )
    for action in ("complete/", "no-show/"):
        refused(guest.post(path_of(mine, action), {}, version=1), 403, "FORBIDDEN")
    booking = ask_hold(shop, shop.at("16:00"), customer={"name": "Gino"})
    refused(guest.post("/api/v1/appointments/", booking), 403, "FORBIDDEN")
    assert state(shop) == before


def test_a_guest_token_that_is_none_is_not_authenticated(shop: Shop, api: Api) -> None:
    shop.book(shop.at())
    for token in ("x", "é" * 40, "a" * 200):
        refused(api.post("/api/v1/auth/guest", {"cancellation_token": token}), 401, "NOT_AUTHENTICATED")
    for body in (
        {},
        {"cancellation_token": ""},
        {"cancellation_token": "x" * 201},
        {"cancellation_token": 7.5, "a": 1},
    ):
        refused(api.post("/api/v1/auth/guest/", body), 400, "MALFORMED")


def test_a_customer_sees_only_their_own_appointments(shop: Shop, other_shop: Shop) -> None:
    hold = shop.hold(shop.at(), claims=shop.customers)
    mine = shop.commit(hold, claims=shop.customers).appointment
    others = shop.book(shop.at("12:00"))
    customer = customer_of(shop)
    assert [item["id"] for item in answered(customer.get("/api/v1/appointments"))["results"]] == [str(mine.id)]
    refused(customer.get(path_of(others)), 404, "NOT_FOUND")
    before = state(shop)
    refused(customer.post(path_of(others, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    for action in ("complete/", "no-show/"):
        refused(customer.post(path_of(mine, action), {}, version=1), 403, "FORBIDDEN")
    refused(customer_of(other_shop).get(path_of(mine)), 404, "NOT_FOUND")
    assert state(shop) == before


def test_without_a_token_no_appointment_is_read_or_changed(shop: Shop, api: Api) -> None:
    booked = shop.book(shop.at())
    before = state(shop)
    refused(api.get("/api/v1/appointments/"), 401, "NOT_AUTHENTICATED")
    response = api.get(path_of(booked))
    refused(response, 401, "NOT_AUTHENTICATED")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    for action in ("cancel", "reschedule", "complete", "no-show"):
        refused(api.post(path_of(booked, action), {}, version=1), 401, "NOT_AUTHENTICATED")
    refused(api.post("/api/v1/appointments/", {}), 401, "NOT_AUTHENTICATED")
    assert state(shop) == before
