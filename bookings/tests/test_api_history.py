"""The history of an appointment over HTTP and over SQL: to whom it concerns, and to each what they may know."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from bookings.models import Appointment
from bookings.tests.over_http import ask_hold, customer_of, guest_of, path_of, staff_of
from rhivo.claims import Claims, set_config_sql
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.database import raw
from rhivo.tokens import guest_token, token_hash

pytestmark = pytest.mark.django_db
PUBLIC_KEYS = {"at", "action", "actor", "reason", "version", "changes"}


def history(reader: Api, appointment: Appointment, **query: Any) -> list[dict[str, Any]]:
    page: list[dict[str, Any]] = answered(reader.get(path_of(appointment, "history/"), **query))["results"]
    return page


def changes(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["before"], change["after"]) for change in entry["changes"]}


def owner_of(shop: Shop) -> Api:
    return Api().as_(shop.owner, role="owner", business_id=shop.business.id)


def booked_by_customer(shop: Shop, clock: str = "10:00") -> Appointment:
    return shop.commit(shop.hold(shop.at(clock), claims=shop.customers), claims=shop.customers).appointment


def test_each_entry_says_what_changed_in_the_words_of_an_appointment(shop: Shop) -> None:
    shop.service(staff=["anna", "bob"])
    booked = shop.book(shop.at("10:00"))
    staff = staff_of(shop)
    before = answered(staff.get(path_of(booked)))
    new_time = {"start": shop.at("12:00").isoformat(), "staff": "bob"}
    after = answered(staff.post(path_of(booked, "reschedule/"), new_time, version=1))
    answered(staff.post(path_of(booked, "cancel/"), {"reason": "Anna is ill"}, version=2))
    first, second, third = history(staff, booked)
    assert [entry["action"] for entry in (first, second, third)] == ["booked", "rescheduled", "canceled"]
    assert [entry["version"] for entry in (first, second, third)] == [1, 2, 3]
    assert changes(first)["service"] == (None, {"id": str(shop.service().id), "slug": "cut", "name": "Cut"})
    assert changes(first)["customer"] == (None, {"name": "Gino", "email": "gino@example.com", "phone": ""})
    assert "notes" not in changes(first)
    expected = {"start", "end", "staff", "cancel_until", "reschedule_until"}
    assert changes(second) == {field: (before[field], after[field]) for field in expected}
    assert changes(third) == {"status": ("confirmed", "canceled")}
    assert datetime.fromisoformat(first["at"]).utcoffset() == shop.at().astimezone(shop.business.zone).utcoffset()


def test_people_at_work_read_who_did_it_why_and_in_which_request(shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    staff = staff_of(shop)
    response = staff.post(path_of(booked, "cancel/"), {"reason": "Anna is ill"}, version=1)
    for reader in (staff, owner_of(shop)):
        first, second = history(reader, booked)
        assert first["actor"] == {"kind": "guest", "role": None, "name": "Gino"}
        assert second["actor"] == {"kind": "user", "role": "staff", "name": shop.employee.name}
        assert second["reason"] == "Anna is ill"
        assert second["request_id"] == response.headers["X-Request-ID"]


def test_rules_that_staff_set_aside_stay_among_people_at_work(shop: Shop) -> None:
    body = ask_hold(shop, shop.at("22:10"), customer={"name": "Gino", "email": "gino@example.com"}, override=["hours"])
    made = answered(staff_of(shop).post("/api/v1/appointments/", body), 201)
    [entry] = answered(staff_of(shop).get(f"/api/v1/appointments/{made['id']}/history/"))["results"]
    assert changes(entry)["overrides"] == (None, ["hours"])
    assert "override" in entry["reason"]


@pytest.mark.parametrize("who", ["customer", "guest"])
def test_a_customer_or_guest_reads_what_changed_but_not_who_at_work_did_it_or_why(who: str, shop: Shop) -> None:
    booked = booked_by_customer(shop) if who == "customer" else shop.book(shop.at("10:00"))
    reader = customer_of(shop) if who == "customer" else guest_of(booked)
    name = shop.customer.name if who == "customer" else "Gino"
    new_time = {"start": shop.at("12:00").isoformat()}
    answered(reader.post(path_of(booked, "reschedule/"), new_time, version=1))
    answered(owner_of(shop).post(path_of(booked, "cancel/"), {"reason": "a difficult customer"}, version=2))
    first, second, third = history(reader, booked)
    for own in (first, second):
        assert own["actor"]["name"] == name
        assert own["actor"]["role"] == ("customer" if who == "customer" else None)
    assert third["actor"] == {"kind": "user", "role": "staff", "name": None}
    assert third["reason"] == ""
    assert changes(third) == {"status": ("confirmed", "canceled")}
    text = str([first, second, third])
    for secret in (shop.owner.name, str(shop.owner.id), "difficult", "overrides", "hash", "fingerprint", "capacity"):
        assert secret not in text
    assert {frozenset(entry) for entry in (first, second, third)} == {frozenset(PUBLIC_KEYS)}


def test_a_reason_that_the_customer_gave_is_theirs_to_read(shop: Shop) -> None:
    booked = booked_by_customer(shop)
    answered(customer_of(shop).post(path_of(booked, "cancel/"), {"reason": "Flu"}, version=1))
    assert [entry["reason"] for entry in history(customer_of(shop), booked)] == ["", "Flu"]


@pytest.mark.django_db(transaction=True)
def test_what_the_system_did_is_told_to_customers_as_such(shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    with raw("owner") as connection:
        connection.execute("UPDATE appointments SET notes = 'mended' WHERE id = %s", [booked.id])
    assert history(guest_of(booked), booked)[-1]["actor"] == {"kind": "system", "role": None, "name": None}
    assert history(staff_of(shop), booked)[-1]["actor"]["kind"] == "database"


def test_someone_who_left_is_still_told_of_by_their_role(shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    answered(staff_of(shop).post(path_of(booked, "cancel/"), {}, version=1))
    with raw("owner") as connection:
        connection.execute("DELETE FROM memberships WHERE user_id = %s", [shop.employee.id])
    assert history(owner_of(shop), booked)[-1]["actor"] == {"kind": "user", "role": "staff", "name": None}


def test_a_history_that_is_not_ones_own_is_not_found_like_one_that_is_not(shop: Shop, other_shop: Shop) -> None:
    mine, others = booked_by_customer(shop), shop.book(shop.at("12:00"))
    foreign = other_shop.book(other_shop.at("10:00"))
    unknown = f"/api/v1/appointments/{uuid4()}/history/"
    for reader in (customer_of(shop), guest_of(shop.book(shop.at("14:00")))):
        bodies = [refused(reader.get(path_of(each, "history/")), 404, "NOT_FOUND") for each in (others, foreign)]
        assert [*bodies, refused(reader.get(unknown), 404, "NOT_FOUND")] == [bodies[0]] * 3
    for reader in (staff_of(other_shop), customer_of(other_shop), owner_of(other_shop)):
        refused(reader.get(path_of(mine, "history")), 404, "NOT_FOUND")
    response = Api().get(path_of(mine, "history/"))
    refused(response, 401, "NOT_AUTHENTICATED")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_long_history_comes_in_pages_the_oldest_first(shop: Shop) -> None:
    booked, staff = shop.book(shop.at("08:00")), staff_of(shop)
    for version, clock in enumerate(("09:00", "10:00", "11:00", "12:00"), 1):
        body = {"start": shop.at(clock).isoformat()}
        answered(staff.post(path_of(booked, "reschedule/"), body, version=version))
    page = answered(staff.get(path_of(booked, "history"), page_size=2))
    seen = [entry["version"] for entry in page["results"]]
    while page["next"]:
        page = answered(staff.get(page["next"]))
        seen += [entry["version"] for entry in page["results"]]
    assert seen == [1, 2, 3, 4, 5]
    assert [e["version"] for e in answered(staff.get(page["previous"]))["results"]] == [3, 4]


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"cursor": "W2ZhbHNlLCAieCJd"}, {"page_size": 0}, {"page_size": 101}, {"order": "at"}]
)
def test_a_query_that_cannot_be_read_is_malformed(query: dict[str, Any], shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    problem = refused(staff_of(shop).get(path_of(booked, "history/"), **query), 400, "MALFORMED")
    assert list(problem["errors"]) == list(query)


def test_a_cursor_beyond_all_entries_shows_none(shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    beyond = "W2ZhbHNlLCAiOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0="  # [false, "9…"], more than a bigint holds
    assert history(staff_of(shop), booked, cursor=beyond) == []


def test_a_long_history_takes_as_many_queries_as_a_short_one(shop: Shop, django_assert_num_queries: Any) -> None:
    shop.service(staff=["anna", "bob"])
    booked, staff = shop.book_by_staff(shop.at("08:00"), staff=shop.person("anna")), staff_of(shop)
    with django_assert_num_queries(11):
        assert len(history(staff, booked)) == 1
    for version, (clock, person) in enumerate((("09:00", "anna"), ("10:00", "bob"), ("11:00", "anna")), 1):
        body = {"start": shop.at(clock).isoformat(), "staff": person}
        answered(staff.post(path_of(booked, "reschedule/"), body, version=version))
    with django_assert_num_queries(11):
        assert len(history(staff, booked)) == 4


# Over SQL


@pytest.fixture
def app() -> Iterator["psycopg.Connection[Any]"]:
    with raw("app") as connection:
        yield connection


def entries_read(app: "psycopg.Connection[Any]", claims: Claims) -> set[Any]:
    """Return what entries are of that bare SQL shows under these claims."""
    with app.transaction():
        app.execute(set_config_sql(claims))
        return {row[0] for row in app.execute("SELECT entity_id FROM audit_logs").fetchall()}


@pytest.mark.django_db(transaction=True)
def test_over_sql_a_customer_and_a_guest_read_the_entries_of_their_own_appointments_alone(
    shop: Shop, other_shop: Shop, app: "psycopg.Connection[Any]"
) -> None:
    mine, gino = booked_by_customer(shop), shop.book(shop.at("12:00"))
    foreign = booked_by_customer(other_shop)
    token = token_hash(guest_token(gino.reservation_id or gino.id))
    assert entries_read(app, shop.customers) == {mine.id}
    assert entries_read(app, shop.customers.with_(business_id=None)) == {mine.id}
    assert entries_read(app, shop.public.with_(cancellation_token=token)) == {gino.id}
    assert entries_read(app, Claims(cancellation_token=token)) == {gino.id}
    assert {mine.id, gino.id} <= entries_read(app, shop.employees)
    assert foreign.id not in entries_read(app, shop.owners)


@pytest.mark.django_db(transaction=True)
def test_over_sql_nobody_else_reads_an_entry(shop: Shop, other_shop: Shop, app: "psycopg.Connection[Any]") -> None:
    booked_by_customer(shop)
    gino = shop.book(shop.at("12:00"))
    token = token_hash(guest_token(gino.reservation_id or gino.id))
    for stranger in (
        Claims(),
        shop.public,
        shop.public.with_(reservation_id=gino.reservation_id),
        other_shop.customers,
        other_shop.customers.with_(business_id=shop.business.id),
        shop.customers.with_(business_id=other_shop.business.id),
        Claims(business_id=other_shop.business.id, cancellation_token=token),
        shop.public.with_(cancellation_token=token_hash("not a token")),
    ):
        assert entries_read(app, stranger) == set(), stranger
