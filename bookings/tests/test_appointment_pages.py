"""Appointments and hours in the back office: every action goes through the operations, and what they refuse is shown."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from bookings.models import Appointment, Status
from bookings.operations.contact import Contact
from bookings.rules.reasons import Override
from businesses.models import Availability, User
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import CategoryFactory

Pages = Callable[[User], Client]
EVERYTHING = list(Override)


def page(verb: str, appointment: Appointment) -> str:
    return reverse(f"admin:bookings_appointment_{verb}", args=[appointment.pk])


def fresh(shop: Shop, appointment: Appointment) -> Appointment:
    with acting_as(shop.owners):
        return Appointment.objects.select_related("staff").get(pk=appointment.pk)


def count(shop: Shop) -> int:
    with acting_as(shop.owners):
        return Appointment.objects.filter(business=shop.business).count()


def shown(response: Any) -> str:
    return str(response.content.decode())


def begun(shop: Shop, hours: int = 2, **options: Any) -> Appointment:
    """Return an appointment that started some whole hours ago."""
    start = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    return shop.book_by_staff(start, overrides=EVERYTHING, **options)


def typed(start: datetime, shop: Shop, **fields: str) -> dict[str, str]:
    """Return what is typed to book a cut for Gino."""
    local = start.astimezone(shop.business.zone)
    return {
        "service": str(shop.service().id),
        "staff": "",
        "day": local.date().isoformat(),
        "clock": local.strftime("%H:%M"),
        "name": "Gino",
        "email": "gino@example.com",
        "key": uuid4().hex,
    } | fields


BOOK = "admin:bookings_appointment_add"


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
    assert fresh(shop, appointment).starts_at == shop.at("10:00")


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


# Booking for a customer


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


# Hours


def hours(**fields: str) -> dict[str, str]:
    return {"staff": "", "kind": "weekly", "weekday": "0", "opens": "20:30", "closes": "24:00"} | fields


ADD_HOURS = "admin:businesses_availability_add"


def test_hours_are_written_as_clock_times_up_to_midnight(shop: Shop, pages: Pages) -> None:
    assert pages(shop.owner).post(reverse(ADD_HOURS), hours()).status_code == 302
    with acting_as(shop.owners):
        assert Availability.objects.filter(business=shop.business, opens=1230, closes=1440).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "19:00", "closes": "21:00"},
        {"opens": "20:00", "closes": "21:00"},
        {"opens": "22:00", "closes": "21:00"},
        {"opens": "21:00", "closes": "21:00"},
        {"opens": "20:31"},
        {"opens": ""},
        {"weekday": ""},
        {"kind": "dates"},
        {"kind": "dates", "first_date": "2030-05-02", "last_date": "2030-05-01"},
        {"kind": "dates", "first_date": "2030-05-02", "opens": ""},
    ],
)
def test_hours_that_cannot_be_are_an_error_of_the_form(wrong: dict[str, str], shop: Shop, pages: Pages) -> None:
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(**wrong))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    with acting_as(shop.owners):
        assert Availability.objects.filter(business=shop.business).count() == 7


def test_touching_hours_are_refused_in_plain_words(shop: Shop, pages: Pages) -> None:
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(opens="20:00"))
    assert "overlaps or touches other hours" in shown(answer)
    assert 'value="20:00"' in shown(answer)


def test_a_closed_day_shows_the_bookings_it_leaves_outside_hours(shop: Shop, pages: Pages) -> None:
    hit, spared = shop.book(shop.at("10:00", days=3)), shop.book(shop.at("10:00", days=4))
    on_purpose = shop.book_by_staff(shop.at("21:00", days=3), overrides=EVERYTHING)
    day = shop.at("10:00", days=3).astimezone(shop.business.zone).date().isoformat()
    closed = hours(kind="dates", first_date=day, opens="", closes="", reason="Feast")
    text = shown(pages(shop.owner).post(reverse(ADD_HOURS), closed, follow=True))
    assert "1 upcoming booking is now outside hours and stays booked: " in text
    assert hit.reference in text
    assert spared.reference not in text
    assert on_purpose.reference not in text
    assert fresh(shop, hit).status == Status.CONFIRMED


def test_a_deleted_window_shows_the_bookings_it_leaves_outside_hours(shop: Shop, pages: Pages) -> None:
    hit = shop.book(shop.at("10:00"))
    weekday = shop.at("10:00").astimezone(shop.business.zone).weekday()
    with acting_as(shop.owners):
        window = Availability.objects.get(business=shop.business, weekday=weekday)
    delete = reverse("admin:businesses_availability_delete", args=[window.pk])
    assert hit.reference in shown(pages(shop.owner).post(delete, {"post": "yes"}, follow=True))


def test_a_person_s_own_hours_count_for_their_bookings(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"], max_simultaneous_bookings=2)
    annas = shop.book_by_staff(shop.at("10:00"), staff=shop.person("anna"))
    beas = shop.book_by_staff(shop.at("10:00"), staff=shop.person("bea"))
    day = shop.at("10:00").astimezone(shop.business.zone).date().isoformat()
    off = hours(staff=str(shop.person("anna").id), kind="dates", first_date=day, opens="", closes="")
    text = shown(pages(shop.owner).post(reverse(ADD_HOURS), off, follow=True))
    assert annas.reference in text
    assert beas.reference not in text


def test_hours_of_another_tenant_s_staff_cannot_be_set(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    zoe = other_shop.person("zoe")
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(staff=str(zoe.id)))
    assert "staff" in answer.context["adminform"].form.errors
    with as_role("worker"), acting_as(other_shop.owners):
        assert not Availability.objects.filter(staff_id=zoe.id).exists()


def test_pages_carry_a_policy_without_inline_scripts(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    for address in ("/admin/", "/admin/login/", reverse(BOOK), reverse(ADD_HOURS)):
        policy = browser.get(address, follow=True).headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
