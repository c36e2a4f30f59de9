"""Booking for a customer in the back office."""

import pytest
from django.urls import reverse

from bookings.models import Appointment
from bookings.tests.back_office_pages import BOOK, Pages, shown, typed
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop


def count(shop: Shop) -> int:
    with acting_as(shop.owners):
        return Appointment.objects.filter(business=shop.business).count()


def test_staff_book_for_a_customer_who_is_told(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.employee)
    assert browser.get(reverse(BOOK)).status_code == 200
    answer = browser.post(reverse(BOOK), typed(shop.at("10:00"), shop), follow=True)
    assert "Booked: RHV-" in shown(answer)
    with acting_as(shop.owners):
        made = Appointment.objects.get(business=shop.business)
        assert NotificationLog.objects.filter(business=shop.business).count() == 1
    assert (made.starts_at, made.customer_name) == (shop.at("10:00"), "Gino")


def test_pressing_book_twice_books_once(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.employee)
    sent = typed(shop.at("10:00"), shop)
    first, second = (browser.post(reverse(BOOK), sent, follow=True) for _ in range(2))
    assert first.redirect_chain == second.redirect_chain
    assert "Was booked already" in shown(second)
    assert count(shop) == 1


def test_a_form_that_was_used_books_something_else_only_when_sent_once_more(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.employee)
    sent = typed(shop.at("10:00"), shop)
    browser.post(reverse(BOOK), sent)
    refused = browser.post(reverse(BOOK), sent | {"clock": "11:00"})
    assert "has booked already" in shown(refused)
    assert count(shop) == 1
    again = sent | {"clock": "11:00", "key": refused.context["form"]["key"].value()}
    assert browser.post(reverse(BOOK), again).status_code == 302
    assert count(shop) == 2


def test_a_taken_time_books_nothing_keeps_what_was_typed_and_offers_others(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    browser = pages(shop.employee)
    sent = typed(shop.at("10:00"), shop, notes="likes it short", name="Ugo")
    refused = browser.post(reverse(BOOK), sent)
    assert "That time is taken" in shown(refused)
    assert "likes it short" in shown(refused)
    assert count(shop) == 1
    free = refused.context["form"].alternatives[0]
    filled = browser.post(reverse(BOOK), sent | {"take": free.isoformat()})
    assert filled.context["form"]["name"].value() == "Ugo"
    assert count(shop) == 1
    chosen = {name: filled.context["form"][name].value() or "" for name in filled.context["form"].fields}
    chosen = {name: value for name, value in chosen.items() if value}
    assert browser.post(reverse(BOOK), chosen).status_code == 302
    assert count(shop) == 2


def test_free_times_of_a_day_are_shown_without_complaints(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    sent = typed(shop.at("10:00"), shop, name="", look="1")
    answer = pages(shop.employee).post(reverse(BOOK), sent)
    starts = [start.strftime("%H:%M") for start in answer.context["looked"]]
    assert "09:30" in starts
    assert "10:00" not in starts
    assert not answer.context["form"].errors


@pytest.mark.parametrize(
    ("clock", "days", "tick"),
    [
        ("21:00", 3, "ignore_hours"),
        ("10:05", 3, "ignore_hours"),
        ("10:00", 100, "ignore_advance"),
        ("10:00", -1, "ignore_notice"),
    ],
)
def test_a_rule_is_set_aside_only_when_ticked_and_that_is_recorded(
    clock: str, days: int, tick: str, shop: Shop, pages: Pages
) -> None:
    browser = pages(shop.employee)
    sent = typed(shop.at(clock, days=days), shop)
    refused = browser.post(reverse(BOOK), sent)
    assert tick in refused.context["form"].errors
    assert count(shop) == 0
    assert browser.post(reverse(BOOK), sent | {tick: "on"}).status_code == 302
    with acting_as(shop.owners):
        assert Appointment.objects.get(business=shop.business).overrides == [tick.removeprefix("ignore_")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nonsense"),
        ("phone", "12"),
        ("name", "  "),
        ("clock", "25:00"),
        ("day", "tomorrow"),
        ("service", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_what_cannot_be_read_is_an_error_at_its_field(field: str, value: str, shop: Shop, pages: Pages) -> None:
    answer = pages(shop.employee).post(reverse(BOOK), typed(shop.at("10:00"), shop, **{field: value}))
    assert field in answer.context["form"].errors
    assert count(shop) == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("button", ["book", "look"])
def test_the_ends_of_the_calendar_break_nothing(day: str, button: str, shop: Shop, pages: Pages) -> None:
    sent = typed(shop.at("10:00"), shop, day=day, **{button: "1"})
    assert pages(shop.employee).post(reverse(BOOK), sent).status_code == 200
    assert count(shop) == 0


def test_a_service_of_another_tenant_cannot_be_booked(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    sent = typed(shop.at("10:00"), shop, service=str(other_shop.service().id))
    assert "service" in pages(shop.employee).post(reverse(BOOK), sent).context["form"].errors
