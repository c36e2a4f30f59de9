"""Places in a class and the rooms of bookings over HTTP: searched, held, booked, shown and remembered."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.tests.over_http import ask_hold, customer_of, guest_of, path_of, staff_of, state
from businesses.models import Resource, Service
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused

pytestmark = pytest.mark.django_db
GUEST = {"name": "Ada", "email": "ada@example.com"}


def yoga(shop: Shop, **fields: Any) -> Service:
    """Return a class of six places at 15.00, with Anna in one of two rooms."""
    for slug in ("garden", "hall"):
        shop.resource(slug, name=slug.title(), kind="room")
    return shop.service(
        "yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6, price_cents=1500, **fields
    )


def named(resource: Resource) -> dict[str, str]:
    return {"id": str(resource.id), "slug": resource.slug, "name": resource.name}


def booked_over_http(shop: Shop, api: Api, places: int = 3) -> tuple[dict[str, Any], dict[str, Any]]:
    held = answered(
        api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service="yoga", places=places)), 201
    )
    made = answered(api.post(f"{shop.api}/appointments/", {"reservation": held["id"]} | GUEST), 201)
    return held, made


def slots(shop: Shop, api: Api, **query: Any) -> list[dict[str, Any]]:
    day = shop.at().astimezone(shop.business.zone).date()
    found = answered(api.get(f"{shop.api}/slots/", **{"service": "yoga", "from": day, "to": day} | query))
    listed: list[dict[str, Any]] = found["days"][0]["slots"]
    return listed


def test_a_search_for_places_offers_the_classes_that_have_as_many(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"), yoga(shop), places=4)
    left = {datetime.fromisoformat(slot["start"]): slot["remaining"] for slot in slots(shop, api, places=2)}
    assert (left[shop.at("10:00")], left[shop.at("11:00")]) == (2, 6)
    assert shop.at("10:00") not in {datetime.fromisoformat(slot["start"]) for slot in slots(shop, api, places=3)}
    assert slots(shop, api, places=7) == []


def test_a_hold_and_its_booking_carry_places_the_total_and_the_room(shop: Shop, api: Api) -> None:
    yoga(shop)
    held, made = booked_over_http(shop, api)
    for shown in (held, made):
        assert (shown["places"], shown["price_cents"], shown["currency"]) == (3, 4500, "EUR")
        assert shown["resources"] == [named(shop.resource("garden"))]
        assert shown["visit"] == {"id": shown["id"], "parts": 1, "total_cents": 4500}


def test_a_hold_that_is_read_again_says_the_same(shop: Shop, api: Api) -> None:
    yoga(shop)
    asked = ask_hold(shop, shop.at(), service="yoga", places=2)
    held = answered(api.post(f"{shop.api}/reservations/", asked, key="one-good-key"), 201)
    assert answered(api.get(f"{shop.api}/reservations/{held['id']}/")) == held
    assert answered(api.post(f"{shop.api}/reservations/", asked, key="one-good-key"), 200) == held
    again = api.post(f"{shop.api}/reservations/", asked | {"places": 1}, key="one-good-key")
    refused(again, 422, "IDEMPOTENCY_MISMATCH")


def test_everybody_who_may_read_a_booking_reads_its_places_and_room(shop: Shop, api: Api) -> None:
    yoga(shop)
    with_account = shop.commit(
        shop.hold(shop.at(), shop.service("yoga"), places=2, claims=shop.customers), claims=shop.customers
    ).appointment
    booked = shop.book(shop.at("12:00"), shop.service("cut"))
    for reader, appointment, places, rooms in (
        (staff_of(shop), with_account, 2, ["garden"]),
        (customer_of(shop), with_account, 2, ["garden"]),
        (guest_of(booked), booked, 1, []),
    ):
        shown = answered(reader.get(path_of(appointment)))
        assert (shown["places"], [room["slug"] for room in shown["resources"]]) == (places, rooms)
    listed = answered(staff_of(shop).get("/api/v1/appointments/"))["results"]
    assert [[room["slug"] for room in shown["resources"]] for shown in listed] == [["garden"], []]


def test_staff_book_places_in_a_class_for_a_customer(shop: Shop) -> None:
    yoga(shop)
    asked = ask_hold(shop, shop.at(), service="yoga", places=4, customer={"name": "Ada", "phone": "+39 06 1234567"})
    made = answered(staff_of(shop).post("/api/v1/appointments/", asked), 201)
    assert (made["places"], made["price_cents"], made["visit"]["total_cents"]) == (4, 6000, 6000)
    assert made["resources"] == [named(shop.resource("garden"))]
    full = refused(staff_of(shop).post("/api/v1/appointments/", asked | {"places": 3}), 409, "SLOT_UNAVAILABLE")
    assert full["alternatives"]


def test_a_service_that_is_no_class_takes_one_place_and_says_so(shop: Shop, api: Api) -> None:
    shop.service("cut")
    asked = ask_hold(shop, shop.at(), places=2)
    day = shop.at().date()
    refusals = [
        refused(api.get(f"{shop.api}/slots/", service="cut", places=2, **{"from": day, "to": day}), 400, "MALFORMED"),
        refused(api.post(f"{shop.api}/reservations/", asked), 400, "MALFORMED"),
        refused(staff_of(shop).post("/api/v1/appointments/", asked | {"customer": {"name": "Ada"}}), 400, "MALFORMED"),
    ]
    for problem in refusals:
        assert problem["errors"] == {
            "places": ["Ask for 1: only a class takes several places. Book the others one by one."]
        }
    assert state(shop) == []


@pytest.mark.parametrize("places", [0, -1, 1001, 1.5, "2", "two", True, None, [], {}])
def test_places_are_a_whole_number_from_1_to_1000(places: Any, shop: Shop, api: Api) -> None:
    yoga(shop)
    asked = ask_hold(shop, shop.at(), service="yoga", places=places)
    problem = refused(api.post(f"{shop.api}/reservations/", asked), 400, "MALFORMED")
    assert list(problem["errors"]) == ["places"]
    assert state(shop) == []


@pytest.mark.parametrize("places", ["0", "1001", "1.5", "two", ""])
def test_a_search_reads_places_as_strictly(places: str, shop: Shop, api: Api) -> None:
    yoga(shop)
    query = {"service": "yoga", "from": shop.at().date(), "to": shop.at().date(), "places": places}
    assert list(refused(api.get(f"{shop.api}/slots/", **query), 400, "MALFORMED")["errors"]) == ["places"]


def test_more_places_than_are_left_are_refused_with_classes_that_have_them(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"), yoga(shop), places=5)
    before = state(shop)
    asked = ask_hold(shop, shop.at("10:00"), service="yoga", places=2)
    problem = refused(api.post(f"{shop.api}/reservations/", asked), 409, "SLOT_UNAVAILABLE")
    assert [datetime.fromisoformat(start) for start in problem["alternatives"]] == [
        *(shop.at("09:30"), shop.at("10:30"), shop.at("09:00"))
    ]
    assert state(shop) == before


@pytest.mark.django_db(transaction=True)
def test_the_history_tells_the_places_and_the_rooms_a_booking_had(shop: Shop) -> None:
    yoga(shop)
    booked = shop.commit(shop.hold(shop.at(), shop.service("yoga"), places=2)).appointment
    staff, garden = staff_of(shop), shop.resource("garden")
    with shop.changes():
        Resource.objects.filter(pk=garden.pk).update(is_active=False)
    answered(staff.post(path_of(booked, "reschedule/"), {"start": shop.at("12:00").isoformat()}, version=1))
    with shop.changes():
        Resource.objects.filter(pk=garden.pk).delete()
    first, second = answered(staff.get(path_of(booked, "history/")))["results"]
    changes = [{change["field"]: change for change in entry["changes"]} for entry in (first, second)]
    gone = {"id": str(garden.pk), "slug": "", "name": ""}
    assert changes[0]["places"]["after"] == 2
    assert changes[0]["resources"]["after"] == [gone]
    assert changes[1]["resources"] == {"field": "resources", "before": [gone], "after": [named(shop.resource("hall"))]}
    assert not {"visit", "places"} & set(changes[1])


def test_the_catalogue_tells_limits_and_kinds_of_resource_and_no_processing_time(shop: Shop, api: Api) -> None:
    yoga(shop)
    shop.resource("chair", kind="chair")
    shop.service(
        "colour",
        staff=["anna"],
        needs=["room", "chair"],
        max_simultaneous_bookings=None,
        duration_minutes=90,
        processing_after_minutes=30,
        processing_minutes=30,
    )
    [heading] = answered(api.get(f"{shop.api}/services/"))["categories"]
    shown = {service["slug"]: service for service in heading["services"]}
    assert (shown["yoga"]["max_simultaneous_bookings"], shown["yoga"]["resources"]) == (6, ["room"])
    assert (shown["colour"]["max_simultaneous_bookings"], shown["colour"]["resources"]) == (None, ["chair", "room"])
    assert shown["colour"]["duration_minutes"] == 90
    assert not [field for field in shown["colour"] if "processing" in field]


def test_a_list_reads_the_rooms_of_all_bookings_in_one_query(shop: Shop, django_assert_num_queries: Any) -> None:
    shop.service("cut")
    shop.book_by_staff(shop.at("08:00"))
    staff = staff_of(shop)
    with django_assert_num_queries(8):
        answered(staff.get("/api/v1/appointments/"))
    for clock in ("10:00", "11:00", "12:00"):
        shop.book_by_staff(shop.at(clock), yoga(shop), places=2)
    with django_assert_num_queries(9):
        answered(staff.get("/api/v1/appointments/"))


def test_a_hold_and_a_booking_read_their_rooms_in_one_query_and_ask_none_without(shop: Shop, api: Api) -> None:
    shop.service("cut")
    yoga(shop)

    def queries(service: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as held:
            hold = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service=service)), 201)
        with CaptureQueriesContext(connection) as booked:
            answered(api.post(f"{shop.api}/appointments/", {"reservation": hold["id"]} | GUEST), 201)
        return len(held), len(booked)

    plain, with_person_and_room = queries("cut"), queries("yoga")
    # A person costs a query each, as before: the hold and the booking show who it is.
    assert with_person_and_room == (plain[0] + 2, plain[1] + 2)
