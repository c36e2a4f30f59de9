"""Staff over HTTP: booking on the phone, outcomes, and lists that are narrowed and paged."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.models import Appointment
from bookings.tests.over_http import APPOINTMENT_FIELDS, ask_hold, path_of, staff_of, state
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused

pytestmark = pytest.mark.django_db


def test_staff_book_on_the_phone_and_a_retry_books_once(shop: Shop) -> None:
    staff = staff_of(shop)
    body = ask_hold(shop, shop.at(), customer={"name": "Ada", "phone": "+39 06 1234567"}, notes="by phone")
    made = answered(staff.post("/api/v1/appointments/", body, key="a-good-key"), 201)
    assert set(made) == APPOINTMENT_FIELDS
    assert made["customer"] == {"name": "Ada", "email": "", "phone": "+39061234567"}
    assert answered(staff.post("/api/v1/appointments", body, key="a-good-key")) == made
    other = body | {"notes": "else"}
    refused(staff.post("/api/v1/appointments/", other, key="a-good-key"), 422, "IDEMPOTENCY_MISMATCH")
    assert len(state(shop)) == 2


def test_staff_set_aside_hours_and_notice_but_never_capacity(shop: Shop) -> None:
    staff = staff_of(shop)
    at_night = ask_hold(shop, shop.at("22:10"), customer={"name": "Ada"})
    refused(staff.post("/api/v1/appointments/", at_night), 422, "OUTSIDE_HOURS")
    refused(staff.post("/api/v1/appointments/", at_night | {"override": ["notice"]}), 422, "OUTSIDE_HOURS")
    assert state(shop) == []
    made = answered(staff.post("/api/v1/appointments/", at_night | {"override": ["hours"]}), 201)
    before = state(shop)
    refused(
        staff.post("/api/v1/appointments/", at_night | {"override": ["hours", "notice", "advance"]}),
        409,
        "SLOT_UNAVAILABLE",
    )
    refused(staff.post("/api/v1/appointments/", at_night | {"override": ["capacity"]}), 400, "MALFORMED")
    assert state(shop) == before
    with acting_as(shop.employees):
        assert Appointment.objects.get(pk=made["id"]).overrides == ["hours"]


def test_staff_say_how_it_went_once_it_has_started(shop: Shop) -> None:
    staff = staff_of(shop)
    future = shop.book(shop.at())
    refused(staff.post(path_of(future, "complete/"), {}, version=1), 409, "ILLEGAL_TRANSITION")
    begun = ask_hold(shop, shop.at(days=-1), customer={"name": "Ada"}, override=["notice", "hours"])
    made = answered(staff.post("/api/v1/appointments/", begun), 201)
    path = f"/api/v1/appointments/{made['id']}"
    refused(staff.post(f"{path}/complete/", {"note": "x"}, version=1), 400, "MALFORMED")
    assert answered(staff.post(f"{path}/complete/", {}, version=1))["status"] == "completed"
    assert answered(staff.post(f"{path}/no-show", {}, version=2))["status"] == "no_show"
    refused(staff.post(f"{path}/complete/", {}, version=2), 412, "VERSION_CONFLICT")
    refused(staff.post(f"{path}/cancel/", {}, version=3), 409, "ILLEGAL_TRANSITION")


def test_staff_see_all_of_their_business_and_nothing_of_another(shop: Shop, other_shop: Shop) -> None:
    mine, theirs = shop.book(shop.at()), other_shop.book(other_shop.at())
    staff = staff_of(shop)
    assert [item["id"] for item in answered(staff.get("/api/v1/appointments/"))["results"]] == [str(mine.id)]
    refused(staff.get(path_of(theirs)), 404, "NOT_FOUND")
    before = state(other_shop)
    refused(staff.post(path_of(theirs, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    booking = ask_hold(other_shop, other_shop.at("12:00"), service=str(other_shop.service().id), customer={"name": "X"})
    refused(staff.post("/api/v1/appointments/", booking), 404, "NOT_FOUND")
    assert state(other_shop) == before


def test_the_list_is_narrowed_by_status_date_service_and_staff(shop: Shop) -> None:
    cut, wash = shop.service(staff=["anna"]), shop.service("wash")
    early, late = shop.book_by_staff(shop.at(days=3), cut), shop.book_by_staff(shop.at(days=5), wash)
    staff = staff_of(shop)

    def listed(**query: Any) -> list[str]:
        return [item["id"] for item in answered(staff.get("/api/v1/appointments/", **query))["results"]]

    answered(staff.post(path_of(late, "cancel/"), {}, version=1))
    day = shop.at(days=3).astimezone(shop.business.zone).date()
    assert listed(status="canceled") == [str(late.id)]
    assert listed(status="confirmed") == [str(early.id)]
    assert listed(service="cut") == listed(service=str(cut.id)) == [str(early.id)]
    assert listed(staff="anna") == listed(staff=str(shop.person("anna").id)) == [str(early.id)]
    assert listed(**{"from": day, "to": day}) == [str(early.id)]
    assert listed(**{"from": day + timedelta(days=1)}) == [str(late.id)]
    assert listed(**{"from": "0001-01-01", "to": "9999-12-31"}) == [str(early.id), str(late.id)]
    refused(staff.get("/api/v1/appointments/", status="lost"), 400, "MALFORMED")
    refused(staff.get("/api/v1/appointments/", customer="x"), 400, "MALFORMED")


def test_pages_by_cursor_show_each_appointment_once_while_others_are_booked(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=9)
    booked = [shop.book_by_staff(shop.at(), service) for _ in range(5)]
    staff = staff_of(shop)
    seen: list[str] = []
    page = answered(staff.get("/api/v1/appointments/", page_size=2))
    while True:
        seen += [item["id"] for item in page["results"]]
        shop.book_by_staff(shop.at("09:00"), shop.service("other", max_simultaneous_bookings=9))
        if page["next"] is None:
            break
        page = answered(staff.get(page["next"]))
    assert sorted(seen) == sorted(str(one.id) for one in booked)


def test_pages_lead_back_as_they_led_forth(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=9)
    for _ in range(5):
        shop.book_by_staff(shop.at(), service)
    staff = staff_of(shop)
    first = answered(staff.get("/api/v1/appointments/", page_size=2))
    second = answered(staff.get(first["next"]))
    third = answered(staff.get(second["next"]))
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert first["previous"] is third["next"] is None
    assert answered(staff.get(third["previous"]))["results"] == second["results"]
    back = answered(staff.get(second["previous"]))
    assert (back["results"], back["previous"]) == (first["results"], None)


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "====", "cD1ub3QrYStkYXRl", "WzEsMl0=", "bnVsbA==", "W2ZhbHNlXQ=="),
        *("W2ZhbHNlLCAiXHUwMDAwIiwgIngiXQ==", "W2ZhbHNlLCAieCIsICJ4Il0=", "W2ZhbHNlLCAiXHVkODAwIiwgIngiXQ=="),
        *("W2ZhbHNlLCB7fSwgW11d", "W1tb" * 120),
    ],
)
def test_a_cursor_that_is_none_is_malformed(cursor: str, shop: Shop) -> None:
    staff = staff_of(shop)
    assert "cursor" in refused(staff.get("/api/v1/appointments/", cursor=cursor), 400, "MALFORMED")["errors"]
    assert "cursor" in refused(Api().get("/api/v1/businesses/", cursor=cursor), 400, "MALFORMED")["errors"]


def test_the_list_takes_as_many_queries_for_many_as_for_one(shop: Shop, django_assert_max_num_queries: Any) -> None:
    service = shop.service(staff=["anna", "bob"])
    staff = staff_of(shop)
    for days in range(2, 8):
        shop.book_by_staff(shop.at(days=days), service)
    with django_assert_max_num_queries(8):
        assert len(answered(staff.get("/api/v1/appointments/"))["results"]) == 6
