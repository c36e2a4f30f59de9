"""The page "Why is a time not free?": a form that refuses what is not its business, and the explanation with its links."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from bookings.tests.test_explain_slot import clock_change
from businesses.models import User
from rhivo.clock import now
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db
Pages = Callable[[User], Client]
WHY = "/admin/bookings/appointment/why/"


def asked(shop: Shop, clock: str = "10:00", **fields: Any) -> dict[str, str]:
    local = shop.at(clock).astimezone(shop.business.zone)
    return {"service": str(shop.service().id), "day": local.date().isoformat(), "clock": clock, **fields}


def shown(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_staff_and_owner_find_the_page_in_the_sidebar_and_above_the_list(shop: Shop, pages: Pages) -> None:
    assert reverse("admin:bookings_appointment_explain") == WHY
    for person in (shop.employee, shop.owner):
        browser = pages(person)
        assert "Why not free?" in shown(browser.get("/admin/"))
        assert "Why is a time not free?" in shown(browser.get(reverse("admin:bookings_appointment_changelist")))
        page = browser.get(WHY)
        assert "Why is a time not free?" in shown(page)
        assert "explained" not in page.context


def test_a_customer_does_not_reach_it(shop: Shop, pages: Pages) -> None:
    assert pages(shop.customer).get(WHY, asked(shop)).status_code == 302


def test_a_taken_time_is_explained_with_a_link_to_what_took_it(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"))
    for person in (shop.employee, shop.owner):
        page = pages(person).get(WHY, asked(shop))
        text = shown(page)
        assert page.context["explained"].now.code == "FULL"
        assert reverse("admin:bookings_appointment_change", args=[booked.pk]) in text
        assert reverse("admin:bookings_appointment_history", args=[booked.pk]) in text
        assert "That time is taken: choose another." in text


def test_a_full_class_is_explained_with_its_places_and_its_room(shop: Shop, pages: Pages) -> None:
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=4, needs=["room"])
    shop.resource("room-1")
    shop.book_by_staff(shop.at("10:00"), yoga, places=3)
    browser = pages(shop.employee)
    one = browser.get(WHY, asked(shop, service=str(yoga.id)))
    assert one.context["explained"].now.code == "FREE"
    text = shown(browser.get(WHY, asked(shop, service=str(yoga.id), places="2")))
    assert "1 place left of 4." in text
    assert "Room-1 (room) is free" in text
    assert "one room" in text
    wrong = browser.get(WHY, asked(shop, service=str(yoga.id), places="0"))
    assert "Ensure this value is greater than or equal to 1." in shown(wrong)
    assert "explained" not in wrong.context


def test_a_past_instant_and_a_person_are_asked_about(shop: Shop, pages: Pages) -> None:
    cut = shop.service(staff=["anna", "bob"])
    shop.book_by_staff(shop.at("10:00"), cut, staff=shop.person("anna"))
    local = (now() - timedelta(minutes=1)).astimezone(shop.business.zone)
    sent = asked(shop, staff=str(shop.person("anna").id), then=local.strftime("%Y-%m-%dT%H:%M:%S"))
    page = pages(shop.employee).get(WHY, sent)
    found = page.context["explained"]
    assert (found.then.code, found.now.code) == ("FREE", "FULL")
    assert f"At {local:%-d %b %Y, %H:%M:%S}" in shown(page)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", ""),
        ("service", "x"),
        ("service", "no\0service"),
        ("staff", "00000000-0000-0000-0000-000000000000"),
        ("day", "soon"),
        ("day", "9999-12-31"),
        ("clock", "25:00"),
        ("then", "soon"),
        ("then", "2200-01-01T10:00"),
        ("then", "no\0time"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_field(field: str, value: str, shop: Shop, pages: Pages) -> None:
    page = pages(shop.employee).get(WHY, asked(shop) | {field: value})
    assert list(page.context["form"].errors) == [field]
    assert "explained" not in page.context


def test_another_tenants_service_or_person_is_an_error_and_nothing_leaks(
    shop: Shop, other_shop: Shop, pages: Pages
) -> None:
    theirs = other_shop.service("their-secret", staff=["zoe"])
    booked = other_shop.book(other_shop.at("10:00"), theirs)
    for field, row in (("service", theirs), ("staff", other_shop.person("zoe"))):
        page = pages(shop.owner).get(WHY, asked(shop) | {field: str(row.pk)})
        assert list(page.context["form"].errors) == [field]
        for secret in (booked.reference, "Their-Secret", "Zoe"):
            assert secret not in shown(page)


def test_a_time_that_comes_twice_leads_to_the_second(shop: Shop, pages: Pages) -> None:
    change = clock_change(ZoneInfo("Europe/Rome"), forward=False)
    local = (change + timedelta(minutes=30)).astimezone(shop.business.zone)
    browser = pages(shop.employee)
    sent = asked(shop) | {"day": local.date().isoformat(), "clock": f"{local:%H:%M}"}
    first = browser.get(WHY, sent)
    assert first.context["explained"].start.timestamp() == (change - timedelta(minutes=30)).timestamp()
    assert "Explain the second one" in shown(first)
    second = browser.get(f"{WHY}?{first.context['second']}")
    assert second.context["explained"].start.timestamp() == (change + timedelta(minutes=30)).timestamp()


def test_the_end_of_the_day_is_a_time(shop: Shop, pages: Pages) -> None:
    page = pages(shop.employee).get(WHY, asked(shop) | {"clock": "24:00"})
    assert page.context["explained"].now.code == "OUTSIDE_HOURS"


def test_a_refused_booking_leads_to_the_explanation_of_what_was_typed(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    browser = pages(shop.employee)
    typed = asked(shop) | {"staff": "", "name": "Ugo", "email": "ugo@example.com", "key": "a-key-of-the-form"}
    text = shown(browser.post(reverse("admin:bookings_appointment_add"), typed))
    link = text.partition("Why is it not free?")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert urlsplit(link).path == WHY
    assert browser.get(link).context["explained"].now.code == "FULL"


def test_what_people_wrote_is_escaped_and_nothing_is_inline(shop: Shop, pages: Pages) -> None:
    shop.service("loud", name="<script>alert(1)</script>")
    page = pages(shop.owner).get(WHY, asked(shop) | {"service": str(shop.services["loud"].id)})
    assert "<script>alert" not in shown(page)
    main = shown(page).partition('id="explain-form"')[2].partition("</main>")[0]
    assert " style=" not in main
    assert "<script>" not in main
