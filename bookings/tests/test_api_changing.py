"""Canceling and rescheduling over HTTP: versions, deadlines, refusals that change nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bookings.tests.over_http import ask_hold, guest_of, path_of, staff_of, state
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused

pytestmark = pytest.mark.django_db


def test_a_change_needs_the_version_that_was_read(shop: Shop) -> None:
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    assert guest.get(path_of(booked)).headers["ETag"] == '"1"'
    before = state(shop)
    new_time = {"start": shop.at("12:00").isoformat()}
    for action, body in (("cancel/", {}), ("reschedule/", new_time)):
        refused(guest.post(path_of(booked, action), body), 428, "VERSION_REQUIRED")
        stale = refused(guest.post(path_of(booked, action), body, version=7), 412, "VERSION_CONFLICT")
        assert stale["current_version"] == 1
    for tag in ("1", "*", '"x"', '""', '"1", "2"'):
        response = guest.client.post(
            path_of(booked, "cancel/"),
            "{}",
            content_type="application/json",
            headers={"If-Match": tag, "Authorization": f"Bearer {guest.token}"},
        )
        refused(response, 400, "MALFORMED")
    assert state(shop) == before


def test_canceling_twice_is_the_same_as_once(shop: Shop) -> None:
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    first = guest.post(path_of(booked, "cancel/"), {"reason": "Flu"}, version=1)
    assert (answered(first)["status"], first.headers["ETag"]) == ("canceled", '"2"')
    again = guest.post(path_of(booked, "cancel"), {"reason": "Flu"}, version=1)
    assert answered(again) == answered(first)
    problem = guest.post(path_of(booked, "reschedule/"), {"start": shop.at("12:00").isoformat()}, version=2)
    refused(problem, 409, "ILLEGAL_TRANSITION")
    answered(Api().post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)


def test_an_appointment_is_rescheduled_to_a_time_that_overlaps_its_own(shops: Callable[..., Shop]) -> None:
    shop = shops(slot_interval_minutes=10)
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    rescheduled = guest.post(path_of(booked, "reschedule/"), {"start": shop.at("10:10").isoformat()}, version=1)
    assert datetime.fromisoformat(answered(rescheduled)["start"]) == shop.at("10:10")
    assert rescheduled.headers["ETag"] == '"2"'


def test_a_rescheduling_that_is_refused_changes_nothing(shop: Shop) -> None:
    booked, _ = shop.book(shop.at()), shop.book(shop.at("12:00"))
    guest, before = guest_of(booked), state(shop)
    path = path_of(booked, "reschedule/")
    full = refused(guest.post(path, {"start": shop.at("12:00").isoformat()}, version=1), 409, "SLOT_UNAVAILABLE")
    assert len(full["alternatives"]) == 3
    refused(guest.post(path, {"start": shop.at("21:00").isoformat()}, version=1), 422, "OUTSIDE_HOURS")
    refused(guest.post(path, {"start": shop.at("12:01").isoformat()}, version=1), 422, "OFF_GRID")
    refused(guest.post(path, {"start": shop.at(days=300).isoformat()}, version=1), 422, "TOO_FAR")
    refused(guest.post(path, {"start": "2030-01-01T10:00:00"}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "end": "x"}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "staff": "no"}, version=1), 404, "NOT_FOUND")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "service": "no"}, version=1), 404, "NOT_FOUND")
    assert state(shop) == before


@pytest.mark.parametrize(
    ("before_start", "status"), [(timedelta(hours=24, minutes=1), 200), (timedelta(hours=23, minutes=59), 409)]
)
@pytest.mark.parametrize("action", ["cancel/", "reschedule/"])
def test_the_agreed_deadline_binds_to_the_minute(
    action: str, before_start: timedelta, status: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = shop.book(shop.at())
    guest, before = guest_of(booked), state(shop)
    monkeypatch.setattr("bookings.api.views.now", lambda: shop.at() - before_start)
    body = {"start": shop.at("15:00").isoformat()} if action == "reschedule/" else {}
    response = guest.post(path_of(booked, action), body, version=1)
    if status == 409:
        refused(response, 409, "DEADLINE_PASSED")
        assert state(shop) == before
        overridden = staff_of(shop).post(path_of(booked, action), body, version=1)
        assert answered(overridden)["version"] == 2
    else:
        assert answered(response)["version"] == 2


def test_the_guest_cannot_change_what_the_agreed_terms_never_allow(shops: Callable[..., Shop]) -> None:
    shop = shops(allows_cancellation=False, allows_rescheduling=False)
    booked = shop.book(shop.at())
    guest, before = guest_of(booked), state(shop)
    shown = answered(guest.get(path_of(booked)))
    assert shown["cancel_until"] is shown["reschedule_until"] is None
    refused(guest.post(path_of(booked, "cancel/"), {}, version=1), 409, "DEADLINE_PASSED")
    new_time = {"start": shop.at("12:00").isoformat()}
    refused(guest.post(path_of(booked, "reschedule/"), new_time, version=1), 409, "DEADLINE_PASSED")
    assert state(shop) == before
