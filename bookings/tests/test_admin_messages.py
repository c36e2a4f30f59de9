"""What the back office says after an action, and in its lists: who is notified, how many, and in which words."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings import operations
from bookings.contact import Contact
from bookings.models import Appointment
from bookings.rules.reasons import Override
from businesses.models import User
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db
Pages = Callable[[User], Client]
LIST = "admin:bookings_appointment_changelist"
ACTIONS: dict[str, Callable[..., Appointment]] = {
    "completed": operations.complete_appointment,
    "no_show": operations.mark_no_show,
    "canceled": operations.cancel_appointment,
}


def shown(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def fresh(shop: Shop, appointment: Appointment) -> Appointment:
    with acting_as(shop.owners):
        return Appointment.objects.get(pk=appointment.pk)


def local(shop: Shop, clock: str) -> str:
    return shop.at(clock).astimezone(shop.business.zone).strftime("%a %-d %b %Y, %H:%M")


def begun(shop: Shop, hours: int) -> Appointment:
    """Return an appointment that started some whole hours ago."""
    start = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    return shop.book_by_staff(start, overrides=list(Override))


def selects(captured: CaptureQueriesContext) -> int:
    return sum(query["sql"].lstrip().startswith("SELECT") for query in captured.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_an_appointment_s_page_asks_at_most_twelve_questions_however_long_its_history(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"])
    appointment = shop.book_by_staff(shop.at("10:00"))
    browser = pages(shop.owner)
    address = reverse("admin:bookings_appointment_change", args=[appointment.pk])
    with CaptureQueriesContext(connection) as short:
        assert browser.get(address).status_code == 200
    for version, (clock, person) in enumerate([("11:00", "bea"), ("12:00", "anna"), ("13:00", "bea")], start=1):
        with acting_as(shop.employees):
            operations.reschedule_appointment(
                appointment=appointment, start=shop.at(clock), staff=shop.person(person), version=version, at=now()
            )
    with CaptureQueriesContext(connection) as long:
        assert browser.get(address).status_code == 200
    assert selects(short) == selects(long) <= 12


def test_a_message_s_page_says_its_status_in_a_word(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    with acting_as(shop.owners):
        message = NotificationLog.objects.get(business=shop.business)
    text = shown(pages(shop.owner).get(reverse("admin:notifications_notificationlog_change", args=[message.pk])))
    assert "Waiting" in text
    assert "&#x27;pending&#x27;" not in text


def test_messages_are_named_and_filtered_in_words(shop: Shop, pages: Pages) -> None:
    booked = shop.book_by_staff(shop.at("10:00"))
    browser = pages(shop.employee)
    browser.post(action("reschedule", booked), typed(shop.at("11:00"), shop))
    address = reverse("admin:notifications_notificationlog_changelist")
    everything = shown(browser.get(address))
    assert "appointment_" not in re.sub(r'(href|value)="[^"]*"', "", everything)
    one = shown(browser.get(address, {"template": "appointment_rescheduled"}))
    for text, is_there in (("Appointment rescheduled", True), ("Appointment confirmed</a>", False)):
        assert text in everything
        assert (text in one) == is_there


def test_lists_count_what_is_in_them_in_words(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"])
    shop.book_by_staff(shop.at("10:00"))
    browser = pages(shop.owner)
    for model, count in (
        ("businesses_availability", "7 opening times"),
        ("businesses_staff", "2 staff members"),
        ("businesses_service", "1 service"),
        ("businesses_membership", "2 memberships"),
        ("notifications_notificationlog", "1 message"),
        ("bookings_appointment", "1 appointment"),
    ):
        text = " ".join(shown(browser.get(reverse(f"admin:{model}_changelist"))).split())
        assert f"> {count} <" in text, model


# Who is notified

ADDRESS, PHONE = "gino@example.com", "+393331234567"


def action(name: str, appointment: Appointment) -> str:
    return reverse(f"admin:bookings_appointment_{name}", args=[appointment.pk])


def typed(start: datetime, shop: Shop, **fields: str) -> dict[str, str]:
    local = start.astimezone(shop.business.zone)
    when = {"day": local.date().isoformat(), "clock": f"{local:%H:%M}"}
    return (
        {"service": str(shop.service().id), "staff": "", "name": "Gino", "key": uuid4().hex, "version": "1"}
        | when
        | fields
    )


@pytest.mark.parametrize(
    ("contact", "says"),
    [
        (Contact("Gino", ADDRESS, PHONE), "A mail to gino@example.com is on its way."),
        (
            Contact("Gino", "", PHONE),
            f'Gino has no email address here and is not notified: call <a class="underline" href="tel:{PHONE}">{PHONE}</a>.',
        ),
        (Contact("<b>", "", ""), "&lt;b&gt; has neither an email address nor a phone number here and is not notified."),
    ],
    ids=["mail", "phone", "neither"],
)
def test_booking_rescheduling_and_canceling_say_who_is_notified_and_how_or_whom_to_call(
    shop: Shop, pages: Pages, contact: Contact, says: str
) -> None:
    browser = pages(shop.employee)
    form = typed(shop.at("10:00"), shop, name=contact.name, email=contact.email, phone=contact.phone)
    text = shown(browser.post(reverse("admin:bookings_appointment_add"), form, follow=True))
    with acting_as(shop.owners):
        booked = Appointment.objects.get(business=shop.business)
    assert f"Booked: {booked.reference}. {says}" in text
    form = typed(shop.at("11:00"), shop)
    text = shown(browser.post(action("reschedule", booked), form, follow=True))
    assert f"{booked.reference}: Rescheduled: Cut, {local(shop, '11:00')}. {says}" in text
    text = shown(browser.post(action("cancel", booked), {"version": "2"}, follow=True))
    assert f"{booked.reference}: Canceled: the time is free. {says}" in text
    with acting_as(shop.owners):
        sent = NotificationLog.objects.filter(business=shop.business, recipient=ADDRESS).count()
    assert sent == (3 if contact.email else 0)


def test_an_action_that_changes_nothing_says_so_and_tells_nobody(shop: Shop, pages: Pages) -> None:
    booked, browser = shop.book_by_staff(shop.at("10:00")), pages(shop.employee)
    text = shown(browser.post(action("reschedule", booked), typed(shop.at("10:00"), shop), follow=True))
    assert f"{booked.reference}: Nothing changed, it is so already." in text
    browser.post(action("cancel", booked), {"version": "1"}, follow=True)
    text = shown(browser.post(action("cancel", booked), {"version": "2"}, follow=True))
    assert f"{booked.reference}: Nothing changed, it is so already." in text
    assert "is on its way" not in text
    with acting_as(shop.owners):
        sent = NotificationLog.objects.filter(business=shop.business).values_list("template", flat=True)
        assert sorted(sent) == ["appointment_canceled", "appointment_confirmed"]


def test_where_a_channel_reaches_phones_it_says_so_and_asks_for_no_call(
    shop: Shop, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = SimpleNamespace(name="sms", noun="text message", in_use=True, address=lambda email, phone: phone)
    monkeypatch.setattr("notifications.channels.CHANNELS", (phones,))
    booked = shop.book_by_staff(shop.at("10:00"), contact=Contact("Gino", "", PHONE))
    text = shown(pages(shop.employee).post(action("cancel", booked), {"version": "1"}, follow=True))
    assert f"Canceled: the time is free. A text message to {PHONE} is on its way." in text
    with acting_as(shop.owners):
        messages = NotificationLog.objects.filter(business=shop.business).values_list("channel", "recipient")
        assert list(messages) == [("sms", PHONE)] * 2


# Many at once


@pytest.mark.parametrize(
    ("action", "before", "word"),
    [
        ("complete_selected", "no_show", "no-show"),
        ("no_show_selected", "completed", "completed"),
        ("complete_selected", "completed", "completed"),
        ("complete_selected", "canceled", "canceled"),
    ],
)
def test_closing_many_leaves_all_but_the_confirmed_as_they_are_and_names_them(
    shop: Shop, pages: Pages, action: str, before: str, word: str
) -> None:
    closed, open_ = begun(shop, 2), begun(shop, 3)
    with acting_as(shop.employees):
        ACTIONS[before](appointment=closed, version=1, at=now())
    sent = {"action": action, "_selected_action": [str(closed.pk), str(open_.pk)]}
    text = shown(pages(shop.employee).post(reverse(LIST) + "?when=all", sent, follow=True))
    assert (fresh(shop, closed).status, fresh(shop, closed).version) == (before, 2)
    assert fresh(shop, open_).version == 2
    assert f"Left as they were: {closed.reference} ({word})." in text
    assert "1 marked as" in text
