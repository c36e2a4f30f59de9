"""Places and resources in the back office: asked where they matter, shown by name, refused in plain words."""

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Appointment
from bookings.tests.back_office_pages import BOOK, Pages, fresh, shown, typed
from businesses.models import Service
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

LIST = "admin:bookings_appointment_changelist"


def page(verb: str, row: Appointment) -> str:
    return reverse(f"admin:bookings_appointment_{verb}", args=[row.pk])


def booked(shop: Shop) -> list[Appointment]:
    with acting_as(shop.owners):
        return list(Appointment.objects.filter(business=shop.business).order_by("created_at"))


def fields_of(response: Any) -> list[str]:
    return list(response.context["form"].fields)


@pytest.fixture
def bath(shop: Shop) -> Service:
    """A service that needs one of two rooms."""
    shop.resource("room-1"), shop.resource("room-2")
    return shop.service("bath", needs=["room"])


@pytest.fixture
def yoga(shop: Shop) -> Service:
    """A class of four places."""
    return shop.service("yoga", is_group=True, max_simultaneous_bookings=4)


# What is asked


def test_without_classes_and_rooms_nothing_is_asked_of_either(shop: Shop, pages: Pages) -> None:
    shop.service(), shop.resource("room-1"), shop.resource("room-2")
    asked = fields_of(pages(shop.employee).get(reverse(BOOK)))
    assert asked[:4] == ["service", "staff", "day", "clock"]
    assert not [name for name in asked if name.startswith(("places", "resource"))]


def test_places_are_asked_where_there_is_a_class_and_rooms_where_there_is_a_choice(
    shop: Shop, pages: Pages, bath: Service, yoga: Service
) -> None:
    shop.service("spa", needs=["tub"]), shop.resource("tub-1", kind="tub"), shop.resource("tub-2", kind="tub")
    shop.service("laser", needs=["machine"]), shop.resource("laser", kind="machine")
    asked = fields_of(pages(shop.employee).get(reverse(BOOK)))
    assert asked[:7] == ["service", "staff", "resource_room", "resource_tub", "places", "day", "clock"]
    assert "resource_machine" not in asked


# Booking


def test_staff_book_several_places_of_a_class(shop: Shop, pages: Pages, yoga: Service) -> None:
    browser = pages(shop.employee)
    sent = typed(shop.at("10:00"), shop, service=str(yoga.id), places="3")
    assert browser.post(reverse(BOOK), sent).status_code == 302
    row = booked(shop)[0]
    assert (row.places, row.price_cents) == (3, 3 * yoga.price_cents)
    for address in (page("change", row), reverse(LIST), "/admin/"):
        assert "Yoga (3 places)" in shown(browser.get(address))


def test_left_empty_a_booking_takes_one_place(shop: Shop, pages: Pages, yoga: Service) -> None:
    browser = pages(shop.employee)
    assert browser.post(reverse(BOOK), typed(shop.at(), shop, service=str(yoga.id), places="")).status_code == 302
    assert booked(shop)[0].places == 1
    for address in (page("change", booked(shop)[0]), reverse(LIST)):
        assert " places)" not in shown(browser.get(address))


@pytest.mark.parametrize(
    ("service", "places", "says"),
    [
        ("cut", "2", "Only a class takes several places in one booking: write 1."),
        ("yoga", "5", "Yoga has 4 places in all."),
        ("yoga", "0", "greater than or equal to 1"),
        ("yoga", "many", "whole number"),
    ],
)
def test_places_that_cannot_be_are_an_error_at_their_field(
    service: str, places: str, says: str, shop: Shop, pages: Pages, yoga: Service
) -> None:
    sent = typed(shop.at(), shop, service=str(shop.service(service).id), places=places)
    answer = pages(shop.employee).post(reverse(BOOK), sent)
    assert says in str(answer.context["form"].errors["places"])
    assert booked(shop) == []


def test_a_class_with_fewer_places_left_says_so_and_offers_times_with_enough(
    shop: Shop, pages: Pages, yoga: Service
) -> None:
    shop.book_by_staff(shop.at("10:00"), yoga, places=2)
    browser = pages(shop.employee)
    sent = typed(shop.at("10:00"), shop, service=str(yoga.id), places="3")
    refused = browser.post(reverse(BOOK), sent)
    assert "It needs 3 places: fewer may still be free." in shown(refused)
    assert refused.context["form"].alternatives
    assert len(booked(shop)) == 1
    for places, is_offered in (("2", True), ("3", False)):
        looked = browser.post(reverse(BOOK), sent | {"places": places, "look": "1"})
        assert (shop.at("10:00") in looked.context["looked"]) == is_offered
        assert looked.context["form"]["places"].value() == places


def test_staff_pick_a_room_or_leave_it_to_the_rules(shop: Shop, pages: Pages, bath: Service) -> None:
    first, second, browser = shop.resource("room-1"), shop.resource("room-2"), pages(shop.employee)
    for picked, expected in ((str(second.id), second), ("", first)):
        sent = typed(shop.at("10:00"), shop, service=str(bath.id), resource_room=picked)
        answer = browser.post(reverse(BOOK), sent, follow=True)
        assert booked(shop)[-1].resource_ids == [expected.id]
        assert expected.name in shown(answer)
    listed = shown(browser.get(reverse(LIST)))
    assert first.name in listed
    assert second.name in listed
    assert first.name in shown(browser.get("/admin/"))


def test_a_picked_room_that_is_taken_is_refused_and_its_free_times_offered(
    shop: Shop, pages: Pages, bath: Service
) -> None:
    second, browser = shop.resource("room-2"), pages(shop.employee)
    shop.book_by_staff(shop.at("10:00"), bath, resources=[second])
    sent = typed(shop.at("10:00"), shop, service=str(bath.id), resource_room=str(second.id))
    refused = browser.post(reverse(BOOK), sent)
    assert "Only Room-2 was looked at: choose another, or “Any that is free”." in unescape(shown(refused))
    assert len(booked(shop)) == 1
    assert shop.at("10:00") not in browser.post(reverse(BOOK), sent | {"look": "1"}).context["looked"]
    anyone = browser.post(reverse(BOOK), sent | {"look": "1", "resource_room": ""})
    assert shop.at("10:00") in anyone.context["looked"]


def test_a_room_for_a_service_without_one_and_a_foreign_room_are_errors_at_the_field(
    shop: Shop, other_shop: Shop, pages: Pages, bath: Service
) -> None:
    cut, room, theirs = shop.service(), shop.resource("room-1"), other_shop.resource("room-1")
    for service, picked, says in (
        (cut, room, "Cut needs no room: leave it at “Any that is free”."),
        (bath, theirs, "Select a valid choice"),
    ):
        sent = typed(shop.at(), shop, service=str(service.id), resource_room=str(picked.id))
        answer = pages(shop.employee).post(reverse(BOOK), sent)
        assert says in unescape(str(answer.context["form"].errors["resource_room"]))
    assert booked(shop) == []


# Rescheduling


def test_a_booking_keeps_its_places_when_it_is_rescheduled(shop: Shop, pages: Pages, yoga: Service) -> None:
    shop.book_by_staff(shop.at("12:00"), yoga, places=2)
    row, browser = shop.book_by_staff(shop.at("10:00"), yoga, places=3), pages(shop.employee)
    asked = browser.get(page("reschedule", row))
    assert "Yoga (3 places)" in shown(asked)
    assert "places" not in fields_of(asked)
    sent = typed(shop.at("12:00"), shop, service=str(yoga.id), version="1")
    assert "It needs 3 places" in shown(browser.post(page("reschedule", row), sent))
    assert shop.at("12:00") not in browser.post(page("reschedule", row), sent | {"look": "1"}).context["looked"]
    assert browser.post(page("reschedule", row), sent | {"clock": "13:00"}).status_code == 302
    after = fresh(shop, row)
    assert (after.starts_at, after.places) == (shop.at("13:00"), 3)


def test_several_places_are_not_rescheduled_to_what_is_no_class(shop: Shop, pages: Pages, yoga: Service) -> None:
    row = shop.book_by_staff(shop.at("10:00"), yoga, places=3)
    refused = pages(shop.employee).post(page("reschedule", row), typed(shop.at("12:00"), shop, version="1"))
    assert "only a class takes several places" in shown(refused)
    assert fresh(shop, row).version == 1


def test_a_booking_is_put_into_another_room(shop: Shop, pages: Pages, bath: Service) -> None:
    row, second, browser = shop.book_by_staff(shop.at(), bath), shop.resource("room-2"), pages(shop.employee)
    asked = browser.get(page("reschedule", row))
    assert "Now: Room-1." in shown(asked)
    sent = typed(shop.at(), shop, service=str(bath.id), version="1", resource_room=str(second.id))
    assert browser.post(page("reschedule", row), sent).status_code == 302
    after = fresh(shop, row)
    assert (after.starts_at, after.resource_ids) == (shop.at(), [second.id])
    assert "from Room-1 to Room-2" in shown(browser.get(page("change", row)))


# What is shown


def test_the_column_of_resources_is_there_where_there_are_any(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    browser = pages(shop.employee)
    assert "column-uses" not in shown(browser.get(reverse(LIST)))
    shop.resource("room-1")
    assert "column-uses" in shown(browser.get(reverse(LIST)))


def test_a_longer_list_with_rooms_asks_no_more_of_the_database(shop: Shop, pages: Pages, bath: Service) -> None:
    browser = pages(shop.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse(LIST)).status_code == 200
        return len(captured)

    shop.book_by_staff(shop.at("10:00"), bath)
    few = queries()
    for clock in ("11:00", "12:00", "13:00"):
        shop.book_by_staff(shop.at(clock), bath)
    assert queries() == few
    assert few <= 20
