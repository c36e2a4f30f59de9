"""The tenant file on rooms, on people who serve several at a time, on places and on processing time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from businesses.models import Business, Resource, Service, Staff
from businesses.tenant_file import Imported, TenantFileRefused, export_business, import_business
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import unique
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _operator(django_db_setup: None) -> Iterator[None]:
    """Run every test as operators do, on the worker's login."""
    with as_role("worker"):
        yield


@pytest.fixture
def subdomain() -> str:
    return unique("rooms")


ROOM = {"slug": "room-1", "name": "Room 1", "kind": "room"}
LASER = {"slug": "laser", "name": "Laser", "kind": "machine", "max_simultaneous_bookings": 2, "active": False}
COLOUR = {
    "slug": "colour",
    "name": "Colour",
    "duration_minutes": 90,
    "processing_after_minutes": 30,
    "processing_minutes": 30,
    "staff": ["anna"],
    "resources": ["room"],
}
CLASS = {
    "slug": "class",
    "name": "Class",
    "duration_minutes": 60,
    "group": True,
    "max_simultaneous_bookings": 8,
    "resources": ["room", "machine"],
}
CUT = {"slug": "cut", "name": "Cut", "duration_minutes": 30, "staff": ["anna", "bea"]}


def clinic(subdomain: str, **changes: Any) -> dict[str, Any]:
    return {
        "subdomain": subdomain,
        "name": "Clinic",
        "timezone": "Europe/Rome",
        "currency": "EUR",
        "booking": {"max_wait_minutes": 20},
        "staff": [
            {"slug": "anna", "name": "Anna", "max_simultaneous_bookings": 3},
            {"slug": "bea", "name": "Bea"},
        ],
        "resources": [ROOM, LASER],
        "categories": [{"name": "All", "services": [COLOUR, CLASS]}],
        "services": [CUT],
    } | changes


def load(document: Any, *, replace: bool = False) -> Imported:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return import_business(content, replace=replace)


def refusals(document: Any, *, replace: bool = False) -> dict[str, list[str]]:
    with pytest.raises(TenantFileRefused) as refused:
        load(document, replace=replace)
    return refused.value.errors


def exported(subdomain: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(export_business(subdomain))
    return document


def exported_services(subdomain: str) -> dict[str, dict[str, Any]]:
    document = exported(subdomain)
    lists = [*(heading["services"] for heading in document["categories"]), document["services"]]
    return {service["slug"]: service for services in lists for service in services}


def services(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"services": list(changes)}


BAD = [
    ({"booking": {"max_wait_minutes": 61}}, "booking.max_wait_minutes"),
    ({"booking": {"max_wait_minutes": 7}}, "booking.max_wait_minutes"),
    ({"staff": [{"slug": "a", "name": "A", "max_simultaneous_bookings": 6}]}, "staff[0].max_simultaneous_bookings"),
    ({"staff": [{"slug": "a", "name": "A", "max_simultaneous_bookings": 0}]}, "staff[0].max_simultaneous_bookings"),
    ({"staff": [{"slug": "a", "name": "A", "max_simultaneous_bookings": None}]}, "staff[0].max_simultaneous_bookings"),
    ({"resources": {}}, "resources"),
    ({"resources": ["room-1"]}, "resources[0]"),
    ({"resources": [{"name": "Room", "kind": "room"}]}, "resources[0].slug"),
    ({"resources": [{"slug": "r", "kind": "room"}]}, "resources[0].name"),
    ({"resources": [{"slug": "r", "name": "Room"}]}, "resources[0].kind"),
    ({"resources": [ROOM | {"kind": "Big room"}]}, "resources[0].kind"),
    ({"resources": [ROOM | {"max_simultaneous_bookings": 101}]}, "resources[0].max_simultaneous_bookings"),
    ({"resources": [ROOM | {"max_simultaneous_bookings": 0}]}, "resources[0].max_simultaneous_bookings"),
    ({"resources": [ROOM | {"colour": "red"}]}, "resources[0].colour"),
    ({"resources": [ROOM, ROOM]}, "resources[1].slug"),
    (services(CUT | {"staff": [], "resources": ["room"]}), "services[0].resources[0]"),
    ({"resources": [ROOM]} | services(CUT | {"staff": [], "resources": [7]}), "services[0].resources[0]"),
    ({"resources": [ROOM]} | services(CUT | {"staff": [], "resources": "room"}), "services[0].resources"),
    ({"resources": [ROOM]} | services(CUT | {"staff": [], "resources": ["room"] * 2}), "services[0].resources[1]"),
    (services(CUT | {"staff": [], "max_simultaneous_bookings": 0}), "services[0].max_simultaneous_bookings"),
    (services(CUT | {"staff": [], "group": True}), "services[0].max_simultaneous_bookings"),
    (
        services(CUT | {"staff": [], "group": True, "max_simultaneous_bookings": None}),
        "services[0].max_simultaneous_bookings",
    ),
    (services(CUT | {"staff": [], "processing_minutes": 10}), "services[0].processing_after_minutes"),
    (services(CUT | {"staff": [], "processing_after_minutes": 10}), "services[0].processing_minutes"),
    (
        services(CUT | {"staff": [], "processing_after_minutes": 10, "processing_minutes": 20}),
        "services[0].processing_minutes",
    ),
    (
        services(CUT | {"staff": [], "processing_after_minutes": 12, "processing_minutes": 5}),
        "services[0].processing_after_minutes",
    ),
    (
        services(
            CUT
            | {
                "staff": [],
                "group": True,
                "max_simultaneous_bookings": 5,
                "processing_after_minutes": 5,
                "processing_minutes": 5,
            }
        ),
        "services[0].processing_minutes",
    ),
]


@pytest.mark.parametrize(("changes", "path"), BAD)
def test_a_bad_value_is_refused_at_its_path_and_nothing_is_written(
    subdomain: str, changes: dict[str, Any], path: str
) -> None:
    document = {"subdomain": subdomain, "name": "S", "timezone": "UTC", "currency": "EUR"} | changes
    assert list(refusals(document)) == [path]
    assert not Business.objects.filter(subdomain=subdomain).exists()


def test_all_of_it_comes_in_and_goes_out_again(subdomain: str) -> None:
    load(clinic(subdomain))
    document = exported(subdomain)
    assert document["booking"]["max_wait_minutes"] == 20
    assert [member["max_simultaneous_bookings"] for member in document["staff"]] == [3, 1]
    assert document["resources"] == [
        ROOM | {"max_simultaneous_bookings": 1, "position": 0, "active": True},
        LASER | {"position": 1},
    ]
    offered = exported_services(subdomain)
    assert {key: offered["colour"][key] for key in COLOUR} == COLOUR
    assert offered["class"]["max_simultaneous_bookings"] == 8
    assert offered["class"]["resources"] == ["machine", "room"]
    assert offered["cut"]["resources"] == []


def test_without_a_number_none_is_stored_and_none_is_written_out(subdomain: str) -> None:
    business = load(clinic(subdomain)).business
    numbers = dict(Service.objects.filter(business=business).values_list("slug", "max_simultaneous_bookings"))
    assert numbers == {"colour": None, "class": 8, "cut": None}
    assert [slug for slug, each in exported_services(subdomain).items() if "max_simultaneous_bookings" in each] == [
        "class"
    ]


def test_an_export_comes_back_as_nothing_and_makes_the_same_elsewhere(subdomain: str) -> None:
    load(clinic(subdomain))
    text = export_business(subdomain)
    assert load(text.encode(), replace=True).changes == ()
    assert load(text.encode()).changes == ()
    twin = unique("twin")
    copied = text.replace(f"subdomain: {subdomain}", f"subdomain: {twin}")
    load(copied.encode())
    assert export_business(twin) == copied


def test_an_export_over_a_business_that_changed_since_brings_everything_back(subdomain: str) -> None:
    load(clinic(subdomain))
    text = export_business(subdomain)
    changed = CUT | {"max_simultaneous_bookings": 1}
    plain = {"slug": "colour", "processing_after_minutes": 0, "processing_minutes": 0, "resources": []}
    other = {"slug": "sauna", "name": "Sauna", "kind": "sauna", "max_simultaneous_bookings": 6}
    load(clinic(subdomain, services=[changed], resources=[other], categories=[{"name": "All", "services": [plain]}]))
    assert export_business(subdomain) != text
    load(text.encode(), replace=True)
    assert export_business(subdomain) == text


def test_a_number_that_an_update_leaves_out_stays_and_null_takes_it_away(subdomain: str) -> None:
    load(clinic(subdomain, services=[CUT | {"max_simultaneous_bookings": 1}]))
    load({"subdomain": subdomain, "services": [{"slug": "cut", "name": "Haircut"}]})
    assert exported_services(subdomain)["cut"]["max_simultaneous_bookings"] == 1
    imported = load({"subdomain": subdomain, "services": [{"slug": "cut", "max_simultaneous_bookings": None}]})
    assert imported.notes == (
        "Haircut (cut) took 1 at a time and has no number any more: its people and resources are the limit.",
    )
    assert "max_simultaneous_bookings" not in exported_services(subdomain)["cut"]


def test_with_replace_a_number_that_is_left_out_is_taken_away_and_noted(subdomain: str) -> None:
    load(clinic(subdomain, services=[CUT | {"max_simultaneous_bookings": 1}]))
    notes = load(clinic(subdomain), replace=True).notes
    assert [note.partition(" took ")[0] for note in notes] == ["Cut (cut)"]
    assert "max_simultaneous_bookings" not in exported_services(subdomain)["cut"]
    assert load(clinic(subdomain), replace=True).notes == ()


def test_a_class_never_loses_its_number(subdomain: str) -> None:
    load(clinic(subdomain))
    before = export_business(subdomain)
    without = {key: value for key, value in CLASS.items() if key != "max_simultaneous_bookings"}
    assert list(refusals({"subdomain": subdomain, "services": [without]}, replace=True)) == [
        "services[0].max_simultaneous_bookings"
    ]
    assert list(refusals({"subdomain": subdomain, "services": [{"slug": "cut", "group": True}]})) == [
        "services[0].max_simultaneous_bookings"
    ]
    assert export_business(subdomain) == before


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"duration_minutes": 60}, "services[0].duration_minutes"),
        ({"processing_minutes": 60}, "services[0].processing_minutes"),
        ({"processing_after_minutes": 60}, "services[0].processing_after_minutes"),
        ({"processing_minutes": 0}, "services[0].processing_minutes"),
        ({"group": True, "max_simultaneous_bookings": 4}, "services[0].processing_minutes"),
    ],
)
def test_a_change_is_judged_together_with_what_stays(subdomain: str, change: dict[str, Any], path: str) -> None:
    load(clinic(subdomain))
    before = export_business(subdomain)
    assert list(refusals({"subdomain": subdomain, "services": [{"slug": "colour"} | change]})) == [path]
    assert export_business(subdomain) == before


def test_with_replace_a_resource_that_is_not_named_is_removed(subdomain: str) -> None:
    load(clinic(subdomain))
    tub = {"slug": "room-2", "name": "Room 2", "kind": "room"}
    document = {"subdomain": subdomain, "resources": [tub, {"slug": "laser"}]}
    assert load(document, replace=True).changes == ("resources added: 1", "resources removed: 1")
    assert [resource["slug"] for resource in exported(subdomain)["resources"]] == ["room-2", "laser"]


def test_without_replace_or_without_the_list_resources_stay(subdomain: str) -> None:
    load(clinic(subdomain))
    before = exported(subdomain)["resources"]
    assert load({"subdomain": subdomain, "resources": []}).changes == ()
    assert load({"subdomain": subdomain, "name": "Clinic"}, replace=True).changes == ()
    assert exported(subdomain)["resources"] == before


def test_a_resource_that_a_booking_uses_is_switched_off_instead(shop: Shop) -> None:
    service, used, free = shop.service("cut", needs=["room"]), shop.resource("room-1"), shop.resource("room-2")
    booked = shop.book(shop.at("10:00"), service)
    assert booked.resource_ids == [used.id]
    document = {"subdomain": shop.business.subdomain, "resources": [], "categories": [], "services": []}
    assert "resources deactivated, since bookings refer to it: 1" in load(document, replace=True).changes
    with acting_as(shop.owners):
        assert not Resource.objects.filter(pk=free.pk).exists()
        assert not Resource.objects.get(pk=used.pk).is_active
    # What is switched off needs nothing: the export is as good as any.
    text = export_business(shop.business.subdomain)
    assert load(text.encode(), replace=True).changes == ()


def test_the_last_resource_of_a_kind_is_not_taken_from_a_service_that_needs_it(subdomain: str) -> None:
    load(clinic(subdomain))
    before = export_business(subdomain)
    refused = refusals({"subdomain": subdomain, "resources": [{"slug": "laser"}]}, replace=True)
    assert list(refused) == ["resources"]
    assert [text.split("”")[0] for text in refused["resources"]] == ["The service “class", "The service “colour"]
    assert list(refusals({"subdomain": subdomain, "resources": [{"slug": "room-1", "kind": "hall"}]})) == ["resources"]
    assert export_business(subdomain) == before


def test_a_service_that_is_switched_off_needs_no_resource_until_it_is_switched_on(subdomain: str) -> None:
    load(clinic(subdomain))
    off = [
        {"slug": "colour", "active": False},
        {"slug": "class", "active": False, "max_simultaneous_bookings": 8},
    ]
    headings = [{"name": "All", "services": off}]
    load({"subdomain": subdomain, "resources": [], "categories": headings}, replace=True)
    text = export_business(subdomain)
    assert load(text.encode(), replace=True).changes == ()
    assert list(refusals(text.replace("active: false", "active: true").encode())) == [
        "categories[0].services[0].resources[0]",
        "categories[0].services[1].resources[0]",
        "categories[0].services[1].resources[1]",
    ]


def test_resources_may_go_together_with_the_services_that_need_them(subdomain: str) -> None:
    load(clinic(subdomain))
    load({"subdomain": subdomain, "resources": [], "categories": [], "services": [{"slug": "cut"}]}, replace=True)
    assert (exported(subdomain)["resources"], list(exported_services(subdomain))) == ([], ["cut"])


def test_a_service_may_let_go_of_its_kind_in_the_file_that_takes_the_resource(subdomain: str) -> None:
    load(clinic(subdomain))
    headings = [{"name": "All", "services": [{"slug": "colour", "resources": []}]}]
    load({"subdomain": subdomain, "resources": [], "categories": headings}, replace=True)
    assert exported_services(subdomain)["colour"]["resources"] == []


def test_a_room_that_is_switched_off_still_is_one_of_its_kind(subdomain: str) -> None:
    load(clinic(subdomain, resources=[ROOM | {"active": False}, LASER]))
    text = export_business(subdomain)
    assert load(text.encode(), replace=True).changes == ()


def test_a_number_below_the_people_is_noted_and_taken(subdomain: str) -> None:
    imported = load(clinic(subdomain, services=[CUT | {"max_simultaneous_bookings": 1}]))
    assert imported.notes == (
        "Cut (cut) takes 1 at a time and 2 people do it: a limit of the owner's choice. Leave"
        " `max_simultaneous_bookings` out, and they are the limit.",
    )
    assert exported_services(subdomain)["cut"]["max_simultaneous_bookings"] == 1


@pytest.mark.parametrize(
    ("cut", "bea"),
    [
        ({"max_simultaneous_bookings": 2}, {}),
        ({"max_simultaneous_bookings": 1, "active": False}, {}),
        ({"max_simultaneous_bookings": 1, "group": True}, {}),
        ({"max_simultaneous_bookings": 1}, {"active": False}),
        ({}, {}),
    ],
)
def test_no_note_where_the_number_takes_nobody_s_work(subdomain: str, cut: dict[str, Any], bea: dict[str, Any]) -> None:
    people = [{"slug": "anna", "name": "Anna"}, {"slug": "bea", "name": "Bea"} | bea]
    assert load(clinic(subdomain, services=[CUT | cut], staff=people)).notes == ()


@pytest.mark.race
def test_an_import_and_holds_of_what_it_takes_away_do_not_lock_each_other_out(shop: Shop) -> None:
    service, room = shop.service("cut", staff=["anna"], needs=["room"]), shop.resource("room-1")
    starts = [shop.at(f"{hour:02}:00") for hour in range(9, 18)]

    def attempt(number: int) -> str:
        if number % 10:
            with as_role("app"):
                shop.hold(starts[number % 10 - 1], service)
            return "held"
        with as_role("worker"):
            other = {"slug": f"room-{number + 2}", "name": "Other", "kind": "room"}
            load({"subdomain": shop.business.subdomain, "resources": [other, {"slug": "room-1"}]}, replace=True)
        return "imported"

    outcomes = race(20, attempt)
    assert set(outcomes) <= {"held", "imported", "CHANGED_MEANWHILE", "SLOT_UNAVAILABLE"}
    assert outcomes["imported"] + outcomes["CHANGED_MEANWHILE"] == 2
    with acting_as(shop.owners):
        assert Resource.objects.get(pk=room.pk).is_active
        assert Staff.objects.get(business=shop.business, slug="anna").max_simultaneous_bookings == 1
