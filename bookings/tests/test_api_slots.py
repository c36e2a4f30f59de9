"""Slots over HTTP: every day of the range once, in the zone of the business, with reasons on request."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bookings.api.serializers import SlotSerializer
from businesses.models import Availability
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused

pytestmark = pytest.mark.django_db


def test_slots_list_every_day_of_the_range_once(shop: Shop, api: Api) -> None:
    shop.service()
    first = shop.at(days=1).date()
    with shop.changes():
        Availability.objects.filter(business=shop.business, weekday=(first + timedelta(days=2)).weekday()).delete()
    last = first + timedelta(days=9)
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": last}))
    assert body["timezone"] == "Europe/Rome"
    assert [day["date"] for day in body["days"]] == [(first + timedelta(days=n)).isoformat() for n in range(10)]
    assert body["days"][2]["slots"] == body["days"][9]["slots"] == []
    assert set(body["days"][3]["slots"][0]) == {"start", "end", "remaining", "staff"}


def test_slots_are_shown_in_the_zone_of_the_business(other_shop: Shop, api: Api) -> None:
    other_shop.service()
    day = other_shop.at(days=3).date()
    body = answered(api.get(f"{other_shop.api}/slots", service="cut", **{"from": day, "to": day}))
    first = datetime.fromisoformat(body["days"][0]["slots"][0]["start"])
    assert (first.hour, first.utcoffset()) == (
        8,
        other_shop.at("08:00").astimezone(other_shop.business.zone).utcoffset(),
    )


def test_unavailable_times_come_with_one_reason_each_when_asked_for(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"))
    day = shop.at("10:00").date()
    query = {"service": "cut", "from": day, "to": day}
    offered = answered(api.get(f"{shop.api}/slots/", **query))["days"][0]["slots"]
    every = answered(api.get(f"{shop.api}/slots/", **query, include="unavailable"))["days"][0]["slots"]
    assert [slot for slot in every if "reason" not in slot] == offered
    full = [slot for slot in every if slot.get("reason") == "FULL"]
    assert [datetime.fromisoformat(slot["start"]) for slot in full] == [shop.at("10:00")]
    assert all(slot["remaining"] == 0 for slot in every if "reason" in slot)


def test_a_slot_shows_the_fields_that_the_document_names(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"))
    query = {"service": "cut", "from": shop.at().date(), "to": shop.at().date(), "include": "unavailable"}
    [full] = [
        slot
        for slot in answered(api.get(f"{shop.api}/slots/", **query))["days"][0]["slots"]
        if slot.get("reason") == "FULL"
    ]
    assert list(full) == list(SlotSerializer().fields)


def test_slots_take_a_service_and_a_person_by_id_or_slug(shop: Shop, api: Api) -> None:
    service, anna = shop.service(staff=["anna", "bob"]), shop.person("anna")
    day = shop.at().date()
    bodies = [
        answered(api.get(f"{shop.api}/slots/", service=s, staff=p, **{"from": day, "to": day}))
        for s, p in (("cut", "anna"), (service.id, anna.id), (str(service.id).upper(), "anna"))
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert {tuple(slot["staff"]) for slot in bodies[0]["days"][0]["slots"]} == {("anna",)}


def test_at_most_62_days_are_searched(shop: Shop, api: Api) -> None:
    shop.service()
    first = shop.at().date()
    query = {"service": "cut", "from": first}
    assert len(answered(api.get(f"{shop.api}/slots/", **query, to=first + timedelta(days=61)))["days"]) == 62
    too_long = refused(api.get(f"{shop.api}/slots/", **query, to=first + timedelta(days=62)), 400, "MALFORMED")
    assert "to" in too_long["errors"]
    refused(api.get(f"{shop.api}/slots/", **query, to=first - timedelta(days=1)), 400, "MALFORMED")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": None}, "from"),
        ({"service": None}, "service"),
        ({"from": "tomorrow"}, "from"),
        ({"from": "2027-02-30"}, "from"),
        ({"include": "everything"}, "include"),
        ({"duration": "5"}, "duration"),
        ({"service": "x" * 64}, "service"),
        ({"service": "a\0b"}, "service"),
    ],
)
def test_slots_refuse_a_query_that_cannot_be_read(changes: dict[str, Any], field: str, shop: Shop, api: Api) -> None:
    shop.service()
    query = {"service": "cut", "from": shop.at().date(), "to": shop.at().date()} | changes
    given = {name: value for name, value in query.items() if value is not None}
    assert field in refused(api.get(f"{shop.api}/slots/", **given), 400, "MALFORMED")["errors"]


@pytest.mark.parametrize(("first", "last"), [("0001-01-01", "0001-01-03"), ("9999-12-29", "9999-12-31")])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York"])
def test_slots_at_the_ends_of_the_calendar_are_empty_days(
    first: str, last: str, zone: str, shops: Callable[..., Shop], api: Api
) -> None:
    shop = shops(timezone=zone)
    shop.service(buffer_before_minutes=30)
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": last}))
    assert [(day["date"][-2:], day["slots"]) for day in body["days"]] == [
        (f"{int(first[-2:]) + n:02}", []) for n in range(3)
    ]


def test_a_search_takes_few_queries_however_many_days_and_people(
    shop: Shop, api: Api, django_assert_max_num_queries: Any
) -> None:
    shop.service(staff=["anna", "bob", "carla"])
    for days in range(2, 6):
        shop.book_by_staff(shop.at(days=days))
    first = shop.at(days=0).date()
    with django_assert_max_num_queries(11):
        answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": first + timedelta(days=60)}))


def test_dates_are_dates_also_at_midnight_far_from_greenwich(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(timezone="Pacific/Auckland")
    shop.service()
    day: date = shop.at(days=4).astimezone(shop.business.zone).date()
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": day, "to": day}))
    assert {datetime.fromisoformat(slot["start"]).date() for slot in body["days"][0]["slots"]} == {day}
