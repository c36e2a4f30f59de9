"""The booking pages as a browser without JavaScript uses them: forms, redirects, and what is said when it does not work."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from bookings.models import Appointment, Reservation
from bookings.tests.browsing import DETAILS, Visitor
from businesses.models import Availability, Business
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    shop.service()
    return Visitor(shop)


def bookings_of(shop: Shop) -> list[Appointment]:
    with acting_as(shop.owners), transaction.atomic():
        return list(Appointment.objects.filter(business=shop.business))


def holds_of(shop: Shop) -> list[Reservation]:
    with acting_as(shop.owners), transaction.atomic():
        return list(Reservation.objects.filter(business=shop.business))


def run_out(shop: Shop, start: datetime) -> Reservation:
    return shop.hold(start, at=now() - timedelta(minutes=shop.business.hold_minutes, seconds=1))


def test_the_front_page_says_what_there_is_and_what_it_costs(shop: Shop, visitor: Visitor) -> None:
    shop.service("massage", price_cents=123_456, duration_minutes=90, description="Slow.")
    page = visitor.get("")
    for text in ("Cut", "Massage", "Slow.", "€1,234.56", "1 h 30 min", "08:00–20:00"):
        assert text in page.text


def test_the_front_page_says_why_hours_are_special_and_why_it_is_closed(shop: Shop, visitor: Visitor) -> None:
    market, holiday = (shop.at("10:00", days=days).astimezone(shop.business.zone).date() for days in (5, 6))
    with shop.changes():
        for first, opens, closes, reason in (
            (market, 14 * 60, 18 * 60, "Market day"),
            (market, 9 * 60, 12 * 60, "Market day"),
            (holiday, None, None, "Holiday"),
        ):
            Availability.objects.create(
                business=shop.business, first_date=first, last_date=first, opens=opens, closes=closes, reason=reason
            )
    coming = " ".join(re.sub(r"<[^>]+>", " ", visitor.get("").text.partition("Coming up")[2]).split())
    day = f"{market.day} {market:%b}"
    assert f"{day} 09:00–12:00: Market day {day} 14:00–18:00: Market day" in coming
    assert f"{holiday.day} {holiday:%b} closed: Holiday" in coming


def test_a_business_that_is_not_there_is_a_page_not_found(client: Client, shop: Shop) -> None:
    assert client.get("/b/no-such-shop/").status_code == 404
    assert client.get(f"/b/{shop.business.subdomain}/nothing/").status_code == 404


def test_the_same_pages_are_at_the_subdomain(shop: Shop) -> None:
    shop.service()
    page = Client(HTTP_HOST=f"{shop.business.subdomain}.localhost").get("/")
    assert page.status_code == 200
    assert 'href="/book/cut/"' in page.text


def test_who_it_should_be_is_asked_only_where_there_is_a_choice(shop: Shop, visitor: Visitor) -> None:
    shop.service("shave", staff=["anna"])
    shop.service("color", staff=["anna", "bea"], max_simultaneous_bookings=2)
    assert visitor.get("book/shave/")["Location"] == visitor.address("book/shave/anyone/")
    asked = visitor.get("book/color/").text
    assert "Anyone" in asked
    assert visitor.address("book/color/bea/") in asked


def test_a_guest_books_and_lands_where_the_booking_is_managed(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    assert "Your details" in visitor.get(hold).text
    booked = visitor.post(hold, DETAILS)
    assert booked.status_code == 302
    assert "/manage/" in booked["Location"]
    page = visitor.get(booked["Location"]).text
    [made] = bookings_of(shop)
    assert "<h1>Confirmed</h1>" in page
    assert made.reference in page
    assert "10:00" in page


def test_times_are_those_of_the_business(shops: Any) -> None:
    shop = shops(timezone="America/Los_Angeles", currency="USD")
    shop.service()
    page = Visitor(shop).get(f"book/cut/anyone/?day={shop.at('15:30').astimezone(shop.business.zone):%Y-%m-%d}").text
    assert "3:30 pm" in page
    assert "Los Angeles time" in page


def test_pressing_a_time_twice_holds_it_once(shop: Shop, visitor: Visitor) -> None:
    nonce = visitor.nonce(shop.at("10:00"))
    first, second = (visitor.press(shop.at("10:00"), nonce=nonce) for _ in range(2))
    assert first == second
    assert len(holds_of(shop)) == 1


def test_sending_the_details_again_books_once_even_when_they_were_edited(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    answers = [visitor.post(hold, DETAILS | {"name": name})["Location"] for name in ("Gino", "Gino", "Luigi")]
    assert len(set(answers)) == 1
    [made] = bookings_of(shop)
    assert made.customer_name == "Gino"


def test_going_back_to_a_hold_that_is_booked_leads_to_the_booking(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    booked = visitor.post(hold, DETAILS)["Location"]
    assert visitor.get(hold)["Location"] == booked
    assert visitor.post(f"{hold}release/", {})["Location"] == booked
    assert [made.status for made in bookings_of(shop)] == ["confirmed"]


def test_choosing_another_time_frees_the_first_and_keeps_what_was_typed(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    answer = visitor.post(f"{hold}release/", DETAILS)
    assert answer["Location"].startswith(visitor.address("book/cut/anyone/?day="))
    assert [held.status for held in holds_of(shop)] == ["released"]
    assert "gino@example.com" in visitor.get(visitor.press(shop.at("11:00"))).text


def test_a_hold_that_ran_out_says_so_and_leads_back_to_its_day(shop: Shop, visitor: Visitor) -> None:
    held = run_out(shop, shop.at("10:00"))
    for page in (visitor.get(f"hold/{held.id}/"), visitor.post(f"hold/{held.id}/", DETAILS)):
        assert page.status_code == 410
        day = held.starts_at.astimezone(shop.business.zone).date()
        assert visitor.address(f"book/cut/anyone/?day={day}") in page.text
    assert bookings_of(shop) == []
    assert "gino@example.com" in visitor.get(visitor.press(shop.at("11:00"))).text


def test_a_time_that_someone_else_took_offers_the_nearest_ones(shop: Shop, visitor: Visitor) -> None:
    nonce = visitor.nonce(shop.at("10:00"))
    shop.hold(shop.at("10:00"))
    page = visitor.post_time(shop.at("10:00"), nonce=nonce)
    assert page.status_code == 409
    offered = re.findall(r'name="start"\s+value="([^"]+)"', page.text)
    zone = shop.business.zone
    assert [f"{datetime.fromisoformat(each).astimezone(zone):%H:%M}" for each in offered] == ["09:30", "10:30", "09:00"]
    assert len(holds_of(shop)) == 1


@pytest.mark.parametrize(("clock", "days"), [("10:07", 3), ("10:00", 400), ("10:00", -1), ("23:30", 3)])
def test_a_start_that_the_rules_refuse_is_a_page_in_plain_words(
    shop: Shop, visitor: Visitor, clock: str, days: int
) -> None:
    page = visitor.post_time(shop.at(clock, days=days), nonce="n" * 24)
    assert page.status_code == 422
    assert "Choose another time" in page.text
    assert holds_of(shop) == []


@pytest.mark.parametrize("start", ["", "tomorrow", "2030-01-01T10:00", "9999-12-31T23:59:00-12:00"])
def test_a_start_that_no_page_of_ours_wrote_is_refused(shop: Shop, visitor: Visitor, start: str) -> None:
    assert visitor.post("book/cut/anyone/", {"start": start, "nonce": "n" * 24}).status_code == 400
    assert holds_of(shop) == []


def test_a_sixth_hold_waits(shop: Shop, visitor: Visitor, settings: Any) -> None:
    settings.THROTTLE = True
    for clock in ("10:00", "10:30", "11:00", "11:30", "12:00"):
        visitor.press(shop.at(clock))
    page = visitor.post_time(shop.at("12:30"), nonce="n" * 24)
    assert page.status_code == 429
    assert page["Retry-After"]
    assert len(holds_of(shop)) == 5


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    page = visitor.post(hold, {"name": "Gino", "email": "gino@", "phone": "12", "notes": "Second floor"})
    assert page.status_code == 422
    assert 'id="id_email_error"' in page.text
    for typed in ("gino@", "Second floor"):
        assert typed in page.text
    page = visitor.post(hold, DETAILS | {"phone": "12"})
    assert 'id="id_phone_error"' in page.text
    assert bookings_of(shop) == []


def test_the_questions_of_the_business_are_asked_and_kept(shops: Any) -> None:
    questions = [
        {"key": "first", "label": "First visit?", "kind": "choice", "choices": ["Yes", "No"], "required": True},
        {"key": "photo", "label": "Photos?", "kind": "checkbox"},
        {"key": "note", "label": "Allergies?", "kind": "text"},
    ]
    shop = shops(questions=questions)
    shop.service()
    visitor = Visitor(shop)
    hold = visitor.press(shop.at("10:00"))
    assert visitor.post(hold, DETAILS).status_code == 422
    assert visitor.post(hold, DETAILS | {"answers.first": "Maybe"}).status_code == 422
    visitor.post(hold, DETAILS | {"answers.first": "No", "answers.photo": "on", "answers.note": "Latex"})
    [made] = bookings_of(shop)
    assert made.answers == {"first": "No", "photo": True, "note": "Latex"}


def test_answers_are_shown_in_the_order_of_the_questions_and_those_without_one_last(shops: Any, pages: Any) -> None:
    asked = ("zebra", "a", "middle", "bb")
    shop = shops(questions=[{"key": key, "label": f"About {key}?", "kind": "text"} for key in asked])
    shop.service()
    visitor = Visitor(shop)
    manage = visitor.book(shop.at("10:00"), **{f"answers.{key}": f"said of {key}" for key in asked})
    with shop.changes():
        Business.objects.filter(pk=shop.business.pk).update(
            questions=[*shop.business.questions[:1], *shop.business.questions[2:]]
        )
    [made] = bookings_of(shop)
    back_office = pages(shop.owner).get(reverse("admin:bookings_appointment_change", args=[made.pk]))
    for page in (visitor.get(manage), back_office):
        said = re.findall(r"said of (\w+)", page.text)
        assert list(dict.fromkeys(said)) == ["zebra", "middle", "bb", "a"]


def test_a_customer_with_enough_bookings_is_told_so(shops: Any) -> None:
    shop = shops(max_per_customer_per_day=1)
    shop.service()
    visitor = Visitor(shop)
    visitor.book(shop.at("10:00"))
    page = visitor.post(visitor.press(shop.at("11:00")), DETAILS)
    assert page.status_code == 409
    assert "At most 1 booking a day" in page.text
    assert len(bookings_of(shop)) == 1


def test_a_rescheduled_booking_frees_its_former_time(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    day = shop.at("10:00").astimezone(shop.business.zone).date()
    assert "<legend>Morning</legend>" in visitor.get(f"{manage}reschedule/?day={day}").text
    new_time = {"start": shop.at("11:00").isoformat(), "version": 1}
    assert visitor.post(f"{manage}reschedule/", new_time)["Location"] == manage
    assert visitor.post(f"{manage}reschedule/", new_time)["Location"] == manage, "pressed twice"
    [made] = bookings_of(shop)
    assert (made.starts_at, made.version) == (shop.at("11:00"), 2)
    visitor.press(shop.at("10:00"))


def test_a_booking_is_rescheduled_by_less_than_its_own_length(shops: Any) -> None:
    shop = shops(slot_interval_minutes=15)
    shop.service()
    visitor = Visitor(shop)
    manage = visitor.book(shop.at("10:00"))
    visitor.post(f"{manage}reschedule/", {"start": shop.at("10:15").isoformat(), "version": 1})
    assert [made.starts_at for made in bookings_of(shop)] == [shop.at("10:15")]


def test_a_stale_page_changes_nothing_and_shows_the_booking_as_it_is(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    visitor.post(f"{manage}reschedule/", {"start": shop.at("11:00").isoformat(), "version": 1})
    for page in (
        visitor.post(f"{manage}reschedule/", {"start": shop.at("12:00").isoformat(), "version": 1}),
        visitor.post(f"{manage}cancel/", {"version": 1}),
    ):
        assert page.status_code == 412
        assert "has changed meanwhile" in page.text
        assert "11:00" in page.text
    assert [(made.status, made.version) for made in bookings_of(shop)] == [("confirmed", 2)]


def test_rescheduling_to_a_time_just_taken_leaves_the_booking_and_offers_others(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    shop.hold(shop.at("11:00"))
    page = visitor.post(f"{manage}reschedule/", {"start": shop.at("11:00").isoformat(), "version": 1})
    assert page.status_code == 409
    assert "Your booking stays as it was." in page.text
    assert [made.version for made in bookings_of(shop)] == [1]


def test_a_booking_is_canceled_once_it_is_confirmed_twice(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    assert "Cancel this booking?" in visitor.get(f"{manage}cancel/").text
    assert [made.status for made in bookings_of(shop)] == ["confirmed"]
    for _ in range(2):
        assert visitor.post(f"{manage}cancel/", {"version": 1, "reason": "Rain"})["Location"] == manage
    assert "<h1>Canceled</h1>" in visitor.get(manage).text
    assert [(made.status, made.version) for made in bookings_of(shop)] == [("canceled", 2)]


def test_after_the_deadline_a_page_says_whom_to_call(shops: Any) -> None:
    shop = shops(phone="+39 06 5550123", min_notice_minutes=0, cancellation_deadline_hours=168)
    shop.service()
    visitor = Visitor(shop)
    manage = visitor.book(shop.at("10:00"))
    assert f"{manage}cancel/" not in visitor.get(manage).text
    for page in (visitor.get(f"{manage}cancel/"), visitor.post(f"{manage}cancel/", {"version": 1})):
        assert "+39 06 5550123" in page.text
    assert page.status_code == 409
    assert [made.status for made in bookings_of(shop)] == ["confirmed"]


def test_people_at_work_are_customers_on_these_pages(shops: Any) -> None:
    shop = shops(cancellation_deadline_hours=168)
    shop.service()
    manage = Visitor(shop).book(shop.at("10:00"))
    owner = Visitor(shop)
    owner.log_in(shop.owner)
    assert owner.post(f"{manage}cancel/", {"version": 1}).status_code == 409
    assert bookings_of(shop)[0].status == "confirmed"


def test_the_calendar_file_keeps_its_identity_through_changes(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    first = visitor.get(f"{manage}calendar.ics")
    visitor.post(f"{manage}cancel/", {"version": 1})
    second = visitor.get(f"{manage}calendar.ics")
    one, two = (Calendar.from_ical(each.content).walk("VEVENT")[0] for each in (first, second))
    assert first["Content-Type"].startswith("text/calendar")
    assert b"METHOD:PUBLISH" in first.content
    assert f"DTSTART:{shop.at('10:00'):%Y%m%dT%H%M%SZ}".encode() in first.content
    assert one["UID"] == two["UID"]
    assert (one["SEQUENCE"], one["STATUS"], two["SEQUENCE"], two["STATUS"]) == (1, "CONFIRMED", 2, "CANCELLED")


def test_a_link_opens_its_booking_and_nothing_else(shop: Shop, other_shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    token = manage.rstrip("/").rpartition("/")[2]
    stranger = Visitor(other_shop)
    for page in ("", "reschedule/", "cancel/", "calendar.ics"):
        assert visitor.get(f"manage/{token}/{page}").status_code == 200
        assert visitor.get(f"manage/{token[:-1]}x/{page}").status_code == 404
        assert stranger.get(f"manage/{token}/{page}").status_code == 404
    assert stranger.post(f"manage/{token}/cancel/", {"version": 1}).status_code == 404
    assert bookings_of(shop)[0].status == "confirmed"


def test_another_tenants_hold_and_service_are_not_found(shop: Shop, other_shop: Shop, visitor: Visitor) -> None:
    hold = UUID(visitor.press(shop.at("10:00")).rstrip("/").rpartition("/")[2])
    stranger = Visitor(other_shop)
    assert stranger.get(f"hold/{hold}/").status_code == 404
    assert stranger.get(f"book/{shop.services['cut'].id}/").status_code == 404
    assert visitor.get(f"book/{shop.services['cut'].id}/").status_code == 302


def test_no_form_is_sent_to_nowhere_in_particular(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    manage = visitor.book(shop.at("12:00"))
    for path in ("", "book/cut/anyone/", hold, manage, f"{manage}reschedule/", f"{manage}cancel/", "log-in/"):
        assert 'action=""' not in visitor.get(path).text, path


def test_a_calendar_file_is_offered_for_what_takes_place_alone(shop: Shop, visitor: Visitor) -> None:
    manage = visitor.book(shop.at("10:00"))
    assert "calendar.ics" in visitor.get(manage).text
    visitor.post(f"{manage}cancel/", {"version": 1})
    page = visitor.get(manage).text
    assert "calendar.ics" not in page
    assert "Book again" in page


def test_no_page_needs_inline_style_or_script_and_none_is_kept_by_caches(shop: Shop, visitor: Visitor) -> None:
    hold = visitor.press(shop.at("10:00"))
    manage = visitor.book(shop.at("12:00"))
    for path in ("", "book/cut/anyone/", hold, manage, f"{manage}reschedule/", f"{manage}cancel/", "log-in/"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", page.text), path
        assert "no-store" in page["Cache-Control"]
        assert "'unsafe-inline'" not in page["Content-Security-Policy"]
