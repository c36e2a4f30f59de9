"""Appointments in the back office: every action goes through the operations, and what they refuse is shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from bookings.contact import Contact
from bookings.models import Appointment, Status
from bookings.tests.back_office_pages import EVERYTHING, Pages, fresh, shown, typed
from businesses.models import Availability
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.factories import CategoryFactory


def page(verb: str, appointment: Appointment) -> str:
    return reverse(f"admin:bookings_appointment_{verb}", args=[appointment.pk])


def begun(shop: Shop, hours: int = 2, **options: Any) -> Appointment:
    """Return an appointment that started some whole hours ago."""
    start = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    return shop.book_by_staff(start, overrides=EVERYTHING, **options)


# The list and the first page


def test_the_list_shows_today_and_coming_in_local_time(shop: Shop, pages: Pages) -> None:
    old, coming = begun(shop, 48), shop.book(shop.at("10:00"))
    text = shown(pages(shop.employee).get(reverse("admin:bookings_appointment_changelist")))
    assert coming.reference in text
    assert shop.at("10:00").astimezone(shop.business.zone).strftime("%a %-d %b %Y, 10:00") in text
    assert old.reference not in text


@pytest.mark.parametrize("when", ["today", "tomorrow", "week", "past", "all", "nonsense"])
def test_each_span_of_dates_can_be_chosen(when: str, shop: Shop, pages: Pages) -> None:
    old, coming = begun(shop, 48), shop.book(shop.at("10:00"))
    text = shown(pages(shop.owner).get(reverse("admin:bookings_appointment_changelist"), {"when": when}, follow=True))
    assert (old.reference in text) == (when in {"past", "all", "nonsense"})
    assert (coming.reference in text) == (when in {"week", "all", "nonsense"})


@pytest.mark.parametrize("what", ["reference", "customer_name", "customer_email", "customer_phone"])
def test_a_search_finds_past_ones_too(what: str, shop: Shop, pages: Pages) -> None:
    old = begun(shop, 48, contact=Contact("Ugo Foscolo", "ugo@example.com", "+393331234567"))
    other = shop.book(shop.at("10:00"))
    text = shown(pages(shop.owner).get(reverse("admin:bookings_appointment_changelist"), {"q": getattr(old, what)}))
    assert old.reference in text
    assert other.reference not in text


def test_a_longer_list_asks_no_more_of_the_database(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    shop.service(max_simultaneous_bookings=50, staff=["anna", "bea"])

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert browser.get(reverse("admin:bookings_appointment_changelist")).status_code == 200
        return len(captured)

    shop.book(shop.at("10:00"))
    few = queries()
    for clock in ("11:00", "12:00", "13:00", "14:00"):
        shop.book_by_staff(shop.at(clock))
    assert queries() == few
    assert few <= 20


def test_the_first_page_shows_who_comes(shop: Shop, pages: Pages) -> None:
    today, coming = begun(shop, 0, contact=Contact("Today Person")), shop.book(shop.at("10:00"))
    text = shown(pages(shop.employee).get("/admin/"))
    assert today.customer_name in text
    assert reverse("admin:bookings_appointment_change", args=[coming.pk]) in text


def test_the_lists_of_another_tenant_stay_unseen(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    theirs = other_shop.book(other_shop.at("10:00"), contact=Contact("Secret Person", "secret@example.com"))
    browser = pages(shop.owner)
    for address in ("/admin/", reverse("admin:bookings_appointment_changelist") + "?when=all&q=secret"):
        assert theirs.customer_name not in shown(browser.get(address))


@pytest.mark.parametrize("verb", ["change", "history", "delete", "cancel", "reschedule", "complete", "no_show"])
def test_an_appointment_of_another_tenant_does_not_exist(verb: str, shop: Shop, other_shop: Shop, pages: Pages) -> None:
    theirs = other_shop.book(other_shop.at("10:00"), contact=Contact("Secret Person", "secret@example.com"))
    address = page(verb, theirs) if verb in {"change", "history", "delete"} else _action(verb, theirs)
    browser = pages(shop.owner)
    for answer in (browser.get(address), browser.post(address, {"version": "1"})):
        assert answer.status_code in (403, 404)
        assert "Secret" not in shown(answer)
        assert theirs.reference not in shown(answer)
    assert fresh(other_shop, theirs).version == 1


def _action(name: str, appointment: Appointment) -> str:
    return reverse(f"admin:bookings_appointment_{name}", args=[appointment.pk])


def test_a_customer_reaches_no_action(shop: Shop, pages: Pages) -> None:
    appointment = shop.book(shop.at("10:00"))
    answer = pages(shop.customer).post(_action("cancel", appointment), {"version": "1", "reason": ""})
    assert answer.status_code == 302
    assert fresh(shop, appointment).status == Status.CONFIRMED


# One appointment


def test_owner_and_staff_open_every_row(shop: Shop, pages: Pages) -> None:
    appointment = shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    with shop.changes():
        category = CategoryFactory.create(business=shop.business, name="Hair")
    with acting_as(shop.owners):
        hours = Availability.objects.filter(business=shop.business).earliest("weekday")
        message = NotificationLog.objects.get(business=shop.business)
        entry = AuditLog.objects.get(business_id=shop.business.id, entity="appointment")
    for person in (shop.owner, shop.employee):
        browser = pages(person)
        for row in (appointment, category, hours, message, entry, shop.service(), shop.person("anna"), shop.business):
            name = f"{row._meta.app_label}_{row._meta.model_name}"
            assert browser.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200
            assert browser.get(reverse(f"admin:{name}_history", args=[row.pk])).status_code in {200, 302}


def test_a_customers_phone_number_is_a_link_that_calls_it(shop: Shop, pages: Pages) -> None:
    with_phone = shop.book(shop.at("10:00"), contact=Contact("Gino", "gino@example.com", "+390612345678"))
    without = shop.book(shop.at("11:00"))
    browser, listed = pages(shop.employee), reverse("admin:bookings_appointment_changelist")
    link = '<a class="underline" href="tel:+390612345678">+390612345678</a>'
    text = shown(browser.get(listed))
    assert link in text
    assert text.count("tel:") == 1
    assert link in shown(browser.get(page("change", with_phone)))
    assert "tel:" not in shown(browser.get(page("change", without)))


def test_an_appointment_is_read_only_and_offers_only_what_is_legal(shop: Shop, pages: Pages) -> None:
    coming, past = shop.book(shop.at("10:00")), begun(shop)
    browser = pages(shop.employee)
    text = shown(browser.get(page("change", coming)))
    assert _action("cancel", coming) in text
    assert _action("reschedule", coming) in text
    assert _action("complete", coming) not in text
    assert _action("complete", past) in shown(browser.get(page("change", past)))
    assert browser.post(page("change", coming), {"status": "canceled"}).status_code == 403


def test_staff_cancel_with_a_reason_that_the_history_keeps(shop: Shop, pages: Pages) -> None:
    appointment = shop.book(shop.at("10:00"))
    browser = pages(shop.employee)
    assert browser.get(_action("cancel", appointment)).status_code == 200
    answer = browser.post(_action("cancel", appointment), {"version": "1", "reason": "ill <b>today</b>"}, follow=True)
    assert fresh(shop, appointment).status == Status.CANCELED
    assert "ill &lt;b&gt;today" in shown(answer)
    assert shop.employee.name in shown(answer)


def test_a_stale_page_changes_nothing_and_says_so(shop: Shop, pages: Pages) -> None:
    appointment = shop.book(shop.at("10:00"))
    browser = pages(shop.owner)
    new_time = typed(shop.at("11:00"), shop, version="1", staff="")
    assert browser.post(_action("reschedule", appointment), new_time).status_code == 302
    refused = browser.post(_action("cancel", appointment), {"version": "1", "reason": "my reason"})
    assert "Someone else changed this meanwhile" in shown(refused)
    assert "my reason" in shown(refused)
    assert fresh(shop, appointment).status == Status.CONFIRMED
    again = {name: refused.context["form"][name].value() for name in ("version", "reason")}
    assert browser.post(_action("cancel", appointment), again).status_code == 302
    assert fresh(shop, appointment).status == Status.CANCELED


def test_what_has_begun_is_completed_and_corrected_to_no_show(shop: Shop, pages: Pages) -> None:
    appointment = begun(shop)
    browser = pages(shop.employee)
    browser.post(_action("complete", appointment), {"version": "1"})
    assert fresh(shop, appointment).status == Status.COMPLETED
    browser.post(_action("no_show", appointment), {"version": "2"})
    assert fresh(shop, appointment).status == Status.NO_SHOW


def test_what_has_not_begun_is_not_completed(shop: Shop, pages: Pages) -> None:
    appointment = shop.book(shop.at("10:00"))
    answer = pages(shop.employee).post(_action("complete", appointment), {"version": "1"})
    assert "Not before the appointment has started." in shown(answer)
    assert fresh(shop, appointment).status == Status.CONFIRMED


def test_an_appointment_is_rescheduled_to_another_time_and_person(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"])
    appointment = shop.book_by_staff(shop.at("10:00"), staff=shop.person("anna"))
    new_time = typed(shop.at("12:00"), shop, version="1", staff=str(shop.person("bea").id))
    assert pages(shop.employee).post(_action("reschedule", appointment), new_time).status_code == 302
    after = fresh(shop, appointment)
    assert (after.starts_at, after.staff) == (shop.at("12:00"), shop.person("bea"))


def test_rescheduling_keeps_the_person_unless_another_is_chosen(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"])
    appointment = shop.book_by_staff(shop.at("10:00"), staff=shop.person("bea"))
    browser = pages(shop.employee)
    offered = browser.get(_action("reschedule", appointment)).context["form"]
    sent = {name: offered[name].value() for name in ("service", "staff", "day", "version")} | {"clock": "12:00"}
    assert browser.post(_action("reschedule", appointment), sent).status_code == 302
    assert fresh(shop, appointment).staff == shop.person("bea")


def test_rescheduling_to_a_taken_time_changes_nothing_and_offers_others(shop: Shop, pages: Pages) -> None:
    taken, appointment = shop.book(shop.at("12:00")), shop.book(shop.at("10:00"))
    answer = pages(shop.owner).post(_action("reschedule", appointment), typed(taken.starts_at, shop, version="1"))
    assert "That time is taken" in shown(answer)
    assert answer.context["form"].alternatives
    after = fresh(shop, appointment)
    assert (after.starts_at, after.status, after.version) == (shop.at("10:00"), Status.CONFIRMED, 1)


# Many at once


def test_selected_ones_are_completed_and_each_refusal_is_reported(shop: Shop, pages: Pages) -> None:
    past, coming = begun(shop), shop.book(shop.at("10:00"))
    sent = {"action": "complete_selected", "_selected_action": [str(past.pk), str(coming.pk)]}
    answer = pages(shop.employee).post(
        reverse("admin:bookings_appointment_changelist") + "?when=all", sent, follow=True
    )
    assert fresh(shop, past).status == Status.COMPLETED
    assert fresh(shop, coming).status == Status.CONFIRMED
    assert f"{coming.reference}: Not before the appointment has started." in shown(answer)
    assert "1 marked as completed." in shown(answer)


def test_a_selection_reaches_no_other_tenant(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    theirs = begun(other_shop)
    sent = {"action": "no_show_selected", "_selected_action": [str(theirs.pk)]}
    pages(shop.owner).post(reverse("admin:bookings_appointment_changelist") + "?when=all", sent)
    assert fresh(other_shop, theirs).status == Status.CONFIRMED
