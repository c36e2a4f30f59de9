"""The catalogue's pages: resources, what a service needs of them, processing time, and how many at a time."""

from html import unescape
from typing import Any, TypeVar

import pytest
from django.test import Client
from django.urls import reverse

from businesses.models import Business, Resource, Service, Staff
from businesses.tests.back_office_forms import Pages, form_of, shown
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

Row = Service | Staff | Resource | Business
Kept = TypeVar("Kept", Service, Staff, Resource, Business)


def page(row: Row, verb: str = "change") -> str:
    return reverse(f"admin:businesses_{row._meta.model_name}_{verb}", args=[row.pk])


def save(browser: Client, row: Row, **typed: Any) -> Any:
    """Open the page of a row, type over some fields, save."""
    return browser.post(page(row), form_of(browser.get(page(row))) | typed, follow=True)


def fresh(shop: Shop, row: Kept) -> Kept:
    with acting_as(shop.owners):
        row.refresh_from_db()
    return row


def kinds(shop: Shop, service: Service) -> list[str]:
    with acting_as(shop.owners):
        return sorted(service.needs.values_list("kind", flat=True))


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


# Resources


def test_an_owner_adds_a_room_and_a_service_that_needs_it(shop: Shop, pages: Pages) -> None:
    browser, bath = pages(shop.owner), shop.service("bath")
    typed = {"name": "Room 1", "slug": "room-1", "kind": "room", "max_simultaneous_bookings": "2", "position": "0"}
    added = browser.post(reverse("admin:businesses_resource_add"), typed | {"is_active": "on"}, follow=True)
    assert "was added successfully" in shown(added)
    assert "room (1 active)" in shown(browser.get(page(bath)))
    assert "was changed successfully" in shown(save(browser, bath, kinds=["room"]))
    assert kinds(shop, bath) == ["room"]
    assert "Bath" in shown(browser.get(reverse("admin:businesses_resource_changelist")))


def test_a_kind_is_unticked_again_and_what_was_not_shown_stays_refused(shop: Shop, pages: Pages) -> None:
    shop.resource("room-1"), shop.resource("tub-1", kind="tub")
    browser, bath = pages(shop.owner), shop.service("bath", needs=["room"])
    save(browser, bath, kinds=["tub"])
    assert kinds(shop, bath) == ["tub"]
    assert "kinds" in errors(save(browser, bath, kinds=["sauna"]))
    assert kinds(shop, bath) == ["tub"]
    save(browser, bath, kinds=[])
    assert kinds(shop, bath) == []


def test_a_stale_page_changes_no_needs(shop: Shop, pages: Pages) -> None:
    shop.resource("room-1")
    browser, bath = pages(shop.owner), shop.service("bath")
    stale = form_of(browser.get(page(bath))) | {"kinds": ["room"]}
    save(browser, bath, name="Hot bath")
    assert "Someone else changed this meanwhile" in shown(browser.post(page(bath), stale))
    assert kinds(shop, bath) == []


def test_without_resources_the_page_of_a_service_says_where_to_add_them(shop: Shop, pages: Pages) -> None:
    assert "Add rooms, chairs or machines under “Resources” first" in shown(pages(shop.owner).get(page(shop.service())))


@pytest.mark.parametrize(("field", "value"), [("kind", "Massage table"), ("max_simultaneous_bookings", "0")])
def test_a_resource_that_cannot_be_is_an_error_at_its_field(field: str, value: str, shop: Shop, pages: Pages) -> None:
    room = shop.resource("room-1")
    assert field in errors(save(pages(shop.owner), room, **{field: value}))
    assert fresh(shop, room).version == 1


def test_two_resources_of_one_slug_are_an_error_of_the_form(shop: Shop, pages: Pages) -> None:
    shop.resource("room-1")
    assert errors(save(pages(shop.owner), shop.resource("room-2"), slug="room-1"))


def test_a_resource_that_bookings_use_is_not_deleted_but_to_be_switched_off(shop: Shop, pages: Pages) -> None:
    room, browser = shop.resource("room-1"), pages(shop.owner)
    shop.book(shop.at(), shop.service("bath", needs=["room"]))
    answer = browser.post(page(room, "delete"), {"post": "yes"}, follow=True)
    assert "Untick “active” instead" in shown(answer)
    assert fresh(shop, room).is_active
    refused = form_of(browser.get(page(room)))
    del refused["is_active"]
    browser.post(page(room), refused)
    assert not fresh(shop, room).is_active


def test_a_resource_that_nobody_used_is_deleted(shop: Shop, pages: Pages) -> None:
    room = shop.resource("room-1")
    assert "was deleted successfully" in shown(
        pages(shop.owner).post(page(room, "delete"), {"post": "yes"}, follow=True)
    )
    with acting_as(shop.owners):
        assert not Resource.objects.filter(pk=room.pk).exists()


def test_the_last_active_resource_of_a_needed_kind_is_missed_aloud(shop: Shop, pages: Pages) -> None:
    browser, room = pages(shop.owner), shop.resource("room-1")
    shop.service("bath", needs=["room"])
    warning = "Nobody can book “Bath”: it needs a resource of the kind “room”, and none is active."
    assert warning not in unescape(shown(save(browser, room, name="Room one")))
    assert warning in unescape(shown(browser.post(page(room, "delete"), {"post": "yes"}, follow=True)))
    assert warning in unescape(shown(save(browser, shop.service("bath"), name="Bath")))


def test_staff_see_resources_and_needs_and_change_none(shop: Shop, pages: Pages) -> None:
    employee, room = pages(shop.employee), shop.resource("room-1")
    bath = shop.service("bath", needs=["room"], processing_after_minutes=10, processing_minutes=5)
    assert "Bath" in shown(employee.get(page(room)))
    assert "5 min, from 10 min after the start" in shown(employee.get(page(bath)))
    for row, verb in ((room, "change"), (bath, "change"), (room, "delete")):
        assert employee.post(page(row, verb), {"name": "Mine", "post": "yes"}).status_code == 403


# Places, people and processing time


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"is_group": "on", "max_simultaneous_bookings": ""}, "max_simultaneous_bookings", "A class needs a number"),
        (
            {
                "is_group": "on",
                "max_simultaneous_bookings": "8",
                "processing_after_minutes": "10",
                "processing_minutes": "5",
            },
            "processing_minutes",
            "A class has no processing time",
        ),
        (
            {"processing_after_minutes": "10", "processing_minutes": "20"},
            "processing_minutes",
            "before the service ends",
        ),
        ({"processing_minutes": "5"}, "processing_after_minutes", "begins after the start"),
        ({"processing_after_minutes": "5"}, "processing_minutes", "Write how long it lasts"),
        ({"processing_after_minutes": "7", "processing_minutes": "5"}, "processing_after_minutes", "multiple of 5"),
        ({"processing_after_minutes": "x"}, "processing_after_minutes", "whole number"),
        ({"max_simultaneous_bookings": "0"}, "max_simultaneous_bookings", "greater than or equal to 1"),
    ],
)
def test_what_a_service_cannot_be_is_said_at_its_field(
    typed: dict[str, str], field: str, says: str, shop: Shop, pages: Pages
) -> None:
    service = shop.service()
    found = errors(save(pages(shop.owner), service, **typed))
    assert list(found) == [field]
    assert says in " ".join(found[field])
    assert len(found[field]) == 1
    assert fresh(shop, service).version == 1


def test_processing_time_is_set_and_emptied_again(shop: Shop, pages: Pages) -> None:
    browser, colour = pages(shop.owner), shop.service("colour", duration_minutes=90)
    save(browser, colour, processing_after_minutes="30", processing_minutes="30")
    assert (fresh(shop, colour).processing_after_minutes, colour.processing_minutes) == (30, 30)
    save(browser, colour, processing_after_minutes="", processing_minutes="")
    assert (fresh(shop, colour).processing_after_minutes, colour.processing_minutes) == (0, 0)


def test_a_number_below_the_people_is_saved_with_a_warning_that_says_how_to_undo_it(shop: Shop, pages: Pages) -> None:
    browser, cut = pages(shop.owner), shop.service(staff=["anna", "bob", "carl"])
    warning = "“Cut” takes 2 bookings at a time, but 3 people do it"
    saved = unescape(shown(save(browser, cut, max_simultaneous_bookings="2")))
    assert warning in saved
    assert "leave “Bookings at a time” empty" in saved
    assert fresh(shop, cut).max_simultaneous_bookings == 2
    assert warning not in unescape(shown(save(browser, cut, max_simultaneous_bookings="3")))
    assert "people do it" not in shown(save(browser, cut, max_simultaneous_bookings=""))
    assert fresh(shop, cut).max_simultaneous_bookings is None


def test_people_who_are_switched_off_and_classes_give_no_warning(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    shop.person("bob", is_active=False)
    cut = shop.service(staff=["anna", "bob"])
    yoga = shop.service("yoga", staff=["anna", "carl"], is_group=True, max_simultaneous_bookings=1)
    assert "people do it" not in shown(save(browser, cut, max_simultaneous_bookings="1"))
    assert "people do it" not in shown(save(browser, yoga, description="Slow"))


def test_a_person_serves_one_to_five_at_a_time(shop: Shop, pages: Pages) -> None:
    browser, anna = pages(shop.owner), shop.person("anna")
    save(browser, anna, max_simultaneous_bookings="5")
    assert fresh(shop, anna).max_simultaneous_bookings == 5
    for wrong in ("0", "6", ""):
        assert "max_simultaneous_bookings" in errors(save(browser, anna, max_simultaneous_bookings=wrong))
    assert fresh(shop, anna).max_simultaneous_bookings == 5


def test_the_longest_wait_of_a_visit_is_a_setting(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    save(browser, shop.business, max_wait_minutes="30")
    assert fresh(shop, shop.business).max_wait_minutes == 30
    for wrong in ("7", "65", "-5"):
        assert "max_wait_minutes" in errors(save(browser, shop.business, max_wait_minutes=wrong))
    assert fresh(shop, shop.business).max_wait_minutes == 30
