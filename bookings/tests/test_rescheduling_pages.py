"""Another time for a booking on its customer's pages: asked before it is done, and refused in plain words."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction

from bookings.models import Appointment
from bookings.tests.browsing import Visitor
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    shop.service()
    return Visitor(shop)


def bookings_of(shop: Shop) -> list[Appointment]:
    with acting_as(shop.owners), transaction.atomic():
        return list(Appointment.objects.filter(business=shop.business))


def test_a_press_on_another_time_asks_first(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    day = shop.at("10:00").astimezone(shop.business.zone).date()
    times = visitor.get(f"{manage}reschedule/?day={day}").text
    assert f'<form method="get" action="{manage}reschedule/"' in times
    asked = visitor.get(f"{manage}reschedule/?{urlencode({'start': shop.at('11:00').isoformat()})}")
    assert "Reschedule to this time?" in asked.text
    assert [made.version for made in bookings_of(shop)] == [1]
    hidden = dict(re.findall(r'type="hidden" name="(start|version)" value="([^"]+)"', asked.text))
    assert visitor.post(f"{manage}reschedule/", hidden)["Location"] == manage
    assert "Your booking is rescheduled." in visitor.get(manage).text
    assert [made.starts_at for made in bookings_of(shop)] == [shop.at("11:00")]


def test_a_start_that_no_page_of_ours_wrote_is_not_asked_about(visitor: Visitor, shop: Shop) -> None:
    manage = visitor.book(shop.at("10:00"))
    assert visitor.get(f"{manage}reschedule/?start=tomorrow").status_code == 400


def test_pressing_one_s_present_time_changes_nothing_and_says_so(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    day = shop.at("10:00").astimezone(shop.business.zone).date()
    assert "your time" in visitor.get(f"{manage}reschedule/?day={day}").text
    present = {"start": shop.at("10:00").isoformat()}
    presses: list[Callable[[], Any]] = [
        lambda: visitor.get(f"{manage}reschedule/?{urlencode(present)}"),
        lambda: visitor.post(f"{manage}reschedule/", present | {"version": "1"}),
    ]
    for press in presses:
        assert press()["Location"] == manage
        page = visitor.get(manage).text
        assert "Nothing has changed." in page
        assert "is rescheduled" not in page
    assert [made.version for made in bookings_of(shop)] == [1]


def test_a_canceled_booking_is_not_rescheduled(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    visitor.post(f"{manage}cancel/", {"version": 1})
    other = {"start": shop.at("11:00").isoformat()}
    for query in ("", f"?{urlencode(other)}"):
        assert visitor.get(f"{manage}reschedule/{query}")["Location"] == manage
    assert visitor.post(f"{manage}reschedule/", other | {"version": "2"}).status_code == 409
    assert [(made.status, made.starts_at) for made in bookings_of(shop)] == [("canceled", shop.at("10:00"))]


def test_a_time_just_taken_offers_others_that_are_asked_about_too(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    shop.hold(shop.at("11:00"))
    page = visitor.post(f"{manage}reschedule/", {"start": shop.at("11:00").isoformat(), "version": 1})
    assert f'<form method="get" action="{manage}reschedule/"' in page.text


def test_after_the_deadline_the_times_say_that_it_is_too_late(shops: Any) -> None:
    shop = shops(phone="+39 06 5550123", min_notice_minutes=0, reschedule_deadline_hours=168)
    shop.service()
    visitor = Visitor(shop)
    manage = visitor.book(shop.at("10:00"))
    page = visitor.get(f"{manage}reschedule/").text
    assert "This booking cannot be rescheduled online now" in page
    assert "+39 06 5550123" in page
    assert "stays yours" not in page
