"""Losing access and reaching limits over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from bookings.tests.over_http import ask_hold, path_of, staff_of, state
from businesses.models import Membership
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.database import raw

pytestmark = pytest.mark.django_db


def test_a_demoted_person_loses_access_at_the_next_request(shop: Shop) -> None:
    booked, staff = shop.book(shop.at()), staff_of(shop)
    answered(staff.get(path_of(booked)))
    with shop.changes():
        Membership.objects.filter(business=shop.business, user=shop.employee).delete()
    before = state(shop)
    refused(staff.get(path_of(booked)), 404, "NOT_FOUND")
    assert answered(staff.get("/api/v1/appointments/"))["results"] == []
    refused(staff.post(path_of(booked, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    refused(staff.post("/api/v1/appointments/", ask_hold(shop, shop.at("12:00"))), 403, "FORBIDDEN")
    assert state(shop) == before


def test_a_disabled_person_loses_access_at_the_next_request(shop: Shop) -> None:
    booked, staff = shop.book(shop.at()), staff_of(shop)
    with raw("owner") as owner:
        owner.execute("UPDATE users SET is_active = false WHERE id = %s", [shop.employee.id])
    refused(staff.get(path_of(booked)), 401, "NOT_AUTHENTICATED")
    refused(staff.get("/api/v1/appointments/"), 401, "NOT_AUTHENTICATED")


def switched_off(shop: Shop) -> None:
    with raw("owner") as owner:
        owner.execute("UPDATE businesses SET is_active = false WHERE id = %s", [shop.business.id])


def test_a_customer_of_a_business_that_is_switched_off_finds_nothing(shop: Shop, other_shop: Shop) -> None:
    booked = shop.book(shop.at(), claims=shop.customers)
    elsewhere = other_shop.book(other_shop.at(), claims=replace(other_shop.customers, user_id=shop.customer.id))
    here = Api().as_(shop.customer, business_id=shop.business.id)
    anywhere = Api().as_(shop.customer)
    switched_off(shop)
    day = f"{shop.at():%F}"
    for query in ({}, {"from": day}, {"from": day, "to": day, "status": "confirmed"}):
        assert answered(here.get("/api/v1/appointments/", **query))["results"] == []
        found = answered(anywhere.get("/api/v1/appointments/", **query))["results"]
        assert [item["id"] for item in found] == [str(elsewhere.id)]
    refused(here.get(path_of(booked)), 404, "NOT_FOUND")
    assert answered(staff_of(shop).get("/api/v1/appointments/", **{"from": day}))["results"]


def test_a_token_that_claims_more_than_its_person_is_believes_nothing(shop: Shop, other_shop: Shop) -> None:
    theirs = other_shop.book(other_shop.at())
    forged = Api().as_(shop.customer, role="owner", business_id=other_shop.business.id)
    refused(forged.get(path_of(theirs)), 404, "NOT_FOUND")
    refused(forged.post("/api/v1/appointments/", {}), 403, "FORBIDDEN")


def test_the_sixth_live_hold_of_a_visitor_waits(shop: Shop, api: Api, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    shop.service(max_simultaneous_bookings=50)
    held = [answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201) for _ in range(5)]
    before = state(shop)
    response = api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()))
    refused(response, 429, "THROTTLED")
    assert int(response.headers["Retry-After"]) > 0
    assert state(shop) == before
    api.delete(f"{shop.api}/reservations/{held[0]['id']}/")
    answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)


def test_too_many_requests_wait_and_forged_forwarding_does_not_help(shop: Shop, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    api = Api()
    statuses = []
    for n in range(130):
        headers = {"X-Forwarded-For": f"10.0.0.{n % 250}"}
        response = api.client.post(f"{shop.api}/reservations/", "{}", content_type="application/json", headers=headers)
        statuses.append(response.status_code)
    assert 429 in statuses
    refused(response, 429, "THROTTLED")
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_a_customer_has_only_so_many_bookings_a_day(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(max_per_customer_per_day=1, max_upcoming_per_customer=2)

    def book(start: datetime, email: str = "gino@example.com") -> Any:
        body = {"reservation": str(shop.hold(start).id), "name": "Gino", "email": email}
        return api.post(f"{shop.api}/appointments/", body)

    answered(book(shop.at()), 201)
    refused(book(shop.at("12:00")), 409, "LIMIT_REACHED")
    refused(book(shop.at("12:30"), " GINO@EXAMPLE.COM"), 409, "LIMIT_REACHED")
    answered(book(shop.at("13:00"), "other@example.com"), 201)
    answered(book(shop.at(days=4)), 201)
    refused(book(shop.at(days=5)), 409, "LIMIT_REACHED")
