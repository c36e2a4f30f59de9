"""Customers with an account: logging in and out, and their own bookings."""

from typing import Any

import pytest

from bookings.tests.browsing import Visitor
from businesses.models import User
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import PASSWORD, unique

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carla(shop: Shop) -> Visitor:
    """The customer, logged in."""
    shop.service()
    visitor = Visitor(shop)
    assert visitor.log_in(shop.customer).status_code == 302
    return visitor


def test_a_customer_books_without_giving_an_email_and_finds_the_booking(shop: Shop, carla: Visitor) -> None:
    hold = carla.press(shop.at("10:00"))
    form = carla.get(hold).text
    assert 'name="email"' not in form
    assert shop.customer.email in form
    booked = carla.post(hold, {"name": "Carla", "phone": ""})["Location"]
    assert booked.startswith(carla.address("my/"))
    mine = carla.get("my/").text
    assert booked in mine
    assert "Confirmed" in mine


def test_a_customer_reschedules_and_cancels(shop: Shop, carla: Visitor) -> None:
    mine = carla.book(shop.at("10:00"))
    new_time = {"start": shop.at("11:00").isoformat(), "version": 1}
    assert carla.post(f"{mine}reschedule/", new_time)["Location"] == mine
    assert carla.post(f"{mine}cancel/", {"version": 2})["Location"] == mine
    assert "<h1>Canceled</h1>" in carla.get(mine).text
    assert "Nothing is booked." in carla.get("my/").text


def test_a_customer_sees_no_booking_but_their_own(shop: Shop, carla: Visitor) -> None:
    guest = Visitor(shop)
    guest.book(shop.at("10:00"))
    other = Visitor(shop)
    other.log_in(shop.employee)
    theirs = other.book(shop.at("12:00"))
    for page in ("", "reschedule/", "cancel/", "calendar.ics"):
        assert carla.get(f"{theirs}{page}").status_code == 404
    assert carla.post(f"{theirs}cancel/", {"version": 1}).status_code == 404
    assert "Nothing is booked." in carla.get("my/").text
    assert other.get("my/").text.count("booking-card") == 1, "staff see here what they booked themselves"


def test_a_hold_of_a_customer_is_hidden_from_everyone_else(shop: Shop, carla: Visitor) -> None:
    hold = carla.press(shop.at("10:00"))
    assert Visitor(shop).get(hold).status_code == 404
    assert Visitor(shop).post(hold, {"name": "Eve", "email": "eve@example.com"}).status_code == 404


def test_who_is_not_logged_in_logs_in_first_and_comes_back(shop: Shop) -> None:
    visitor = Visitor(shop)
    asked = visitor.get("my/")
    assert asked["Location"] == visitor.address(f"log-in/?next={visitor.address('my/')}")
    answer = visitor.log_in(shop.customer, next=visitor.address("my/"))
    assert answer["Location"] == visitor.address("my/")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_log_in_never_leads_to_another_site(shop: Shop, elsewhere: str) -> None:
    visitor = Visitor(shop)
    assert "evil" not in visitor.get(f"log-in/?next={elsewhere}").text
    assert visitor.log_in(shop.customer, next=elsewhere)["Location"] == visitor.address("my/")


def test_a_wrong_password_and_an_unknown_email_are_answered_alike(shop: Shop) -> None:
    wrong = Visitor(shop).log_in(shop.customer, "wrong")
    unknown = Visitor(shop).post("log-in/", {"email": "nobody@example.com", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    for page in (wrong, unknown):
        assert "Email or password is wrong." in page.text


def test_an_unconfirmed_email_is_told_what_to_do(shop: Shop) -> None:
    with as_role("worker"):
        user = User.objects.create_user(f"{unique('new')}@example.com", PASSWORD, name="New")
    visitor = Visitor(shop)
    assert "Confirm your email address first" in visitor.log_in(user).text
    assert visitor.get("my/").status_code == 302


SESSION = "session"


def test_log_in_changes_the_session_and_log_out_ends_it(shop: Shop) -> None:
    shop.service()
    visitor = Visitor(shop)
    visitor.post(f"{visitor.press(shop.at('10:00'))}release/", {"name": "Gino"})
    before = visitor.client.cookies[SESSION].value
    visitor.log_in(shop.customer)
    assert visitor.client.cookies[SESSION].value != before
    assert visitor.get("log-out/").status_code == 405
    visitor.post("log-out/", {})
    assert visitor.get("my/").status_code == 302


def test_a_disabled_account_is_logged_out_at_its_next_page(shop: Shop, carla: Visitor) -> None:
    assert carla.get("my/").status_code == 200
    with as_role("owner"):
        User.objects.filter(pk=shop.customer.pk).update(is_active=False)
    assert carla.get("my/").status_code == 302


def test_too_many_log_ins_have_to_wait(shop: Shop, settings: Any) -> None:
    settings.THROTTLE = True
    visitor = Visitor(shop)
    visitor.client.defaults["REMOTE_ADDR"] = f"10.{now().microsecond % 250}.{now().second}.7"
    answers = {visitor.log_in(shop.customer, "wrong").status_code for _ in range(41)}
    assert answers == {422, 429}


def test_a_customers_list_takes_the_same_queries_however_long(
    shop: Shop, carla: Visitor, django_assert_max_num_queries: Any
) -> None:
    for clock in ("10:00", "11:00", "12:00"):
        carla.book(shop.at(clock))
    with django_assert_max_num_queries(12):
        assert carla.get("my/").text.count("booking-card") == 3


def test_forms_from_elsewhere_are_refused(shop: Shop) -> None:
    visitor = Visitor(shop)
    visitor.client.handler.enforce_csrf_checks = True
    answer = visitor.log_in(shop.customer)
    assert answer.status_code == 403
    assert "Please try again" in answer.text
