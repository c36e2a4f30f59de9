"""What was agreed binds customers whoever writes: bare SQL under their claims, and what an operation would say of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from bookings.errors import DeadlinePassed, Past, TermsForbid
from bookings.models import Appointment
from rhivo.claims import Claims, acting_as
from rhivo.db.constraints import refusals
from rhivo.errors import Forbidden
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.sql_attacker import refused_by
from rhivo.tokens import guest_token, token_hash

pytestmark = pytest.mark.django_db(transaction=True)

CANCEL = "UPDATE appointments SET status = 'canceled' WHERE id = %s"
RESCHEDULE = "UPDATE appointments SET starts_at = starts_at + interval '1 day' WHERE id = %s"
INTO_THE_PAST = "UPDATE appointments SET starts_at = starts_at - interval '400 days' WHERE id = %s"
NOT_FOR_CUSTOMERS = (
    "UPDATE appointments SET notes = 'free of charge' WHERE id = %s",
    "UPDATE appointments SET overrides = '[\"notice\"]' WHERE id = %s",
    "UPDATE appointments SET status = 'canceled', notes = 'x' WHERE id = %s",
    "UPDATE appointments SET starts_at = starts_at + interval '1 day', overrides = '[1]' WHERE id = %s",
    "UPDATE appointments SET status = status WHERE id = %s",
)
REACH_BUT_DO_NOT_WORK = ("customer", "guest", "customer anywhere", "customer who says owner")


@pytest.fixture
def booked(shop: Shop) -> tuple[Shop, dict[str, tuple[Appointment, Claims]]]:
    """A guest's booking and a customer's, each with the claims that reach it."""
    service = shop.service("cut", max_simultaneous_bookings=4)
    hold = shop.hold(shop.at("10:00"), service)
    guest = Claims(business_id=shop.business.id, cancellation_token=token_hash(guest_token(hold.id)))
    theirs = shop.commit(shop.hold(shop.at("11:00"), service, claims=shop.customers), claims=shop.customers).appointment
    return shop, {
        "guest": (shop.commit(hold).appointment, guest),
        "customer": (theirs, shop.customers),
        "customer anywhere": (theirs, Claims(user_id=shop.customer.id, role="customer")),
        "customer who says owner": (theirs, Claims(user_id=shop.customer.id, role="owner")),
    }


def set_terms(appointment: Appointment, *, starts_in: timedelta | None = None, **terms: Any) -> None:
    """Change what was agreed, as nobody can but the owner of the schema with its triggers off."""
    changes = {name: repr(value) for name, value in terms.items()}
    if starts_in is not None:
        seconds = int(starts_in.total_seconds())
        slot = f"date_bin('5 minutes', now() + interval '{seconds} seconds', '2000-01-01Z')"
        changes |= {"starts_at": slot, "ends_at": f"{slot} + interval '30 minutes'"}
    with raw("owner") as owner, owner.transaction():
        owner.execute("ALTER TABLE appointments DISABLE TRIGGER USER")
        owner.execute(
            f"UPDATE appointments SET {', '.join(f'{name} = {value}' for name, value in changes.items())} WHERE id = %s",
            [appointment.id],
        )
        owner.execute("ALTER TABLE appointments ENABLE TRIGGER USER")
        owner.execute(
            "UPDATE busy_times t SET during = tstzrange(a.starts_at - a.buffer_before_minutes * interval '1 minute',"
            " a.ends_at + a.buffer_after_minutes * interval '1 minute')"
            " FROM appointments a WHERE a.id = t.source_id AND a.id = %s",
            [appointment.id],
        )


def tried(claims: Claims, query: str, appointment: Appointment) -> str:
    with raw("app") as app:
        return refused_by(app, claims, query, appointment.id)


def state(appointment: Appointment) -> tuple[Any, ...]:
    with raw("owner") as owner:
        return (
            owner.execute(
                "SELECT a.status, a.starts_at, a.version, a.notes, a.overrides, count(l.id) FROM appointments a"
                " JOIN audit_logs l ON l.entity_id = a.id WHERE a.id = %s GROUP BY a.id",
                [appointment.id],
            ).fetchone()
            or ()
        )


@pytest.mark.parametrize("who", REACH_BUT_DO_NOT_WORK)
def test_in_time_a_customer_reschedules_and_cancels(who: str, booked: Any) -> None:
    appointment, claims = booked[1][who]
    assert (tried(claims, RESCHEDULE, appointment), tried(claims, CANCEL, appointment)) == ("", "")
    assert state(appointment)[0] == "canceled"


@pytest.mark.parametrize("who", REACH_BUT_DO_NOT_WORK)
def test_past_the_agreed_deadline_a_customer_does_neither(who: str, booked: Any) -> None:
    appointment, claims = booked[1][who]
    set_terms(appointment, starts_in=timedelta(hours=23, minutes=50))
    before = state(appointment)
    for query in (CANCEL, RESCHEDULE):
        assert tried(claims, query, appointment) == "before_the_agreed_deadline"
    assert state(appointment) == before


def test_each_deadline_counts_for_what_it_was_agreed_for(booked: Any) -> None:
    appointment, claims = booked[1]["guest"]
    set_terms(appointment, starts_in=timedelta(hours=5), cancellation_deadline_hours=2, reschedule_deadline_hours=9)
    assert tried(claims, RESCHEDULE, appointment) == "before_the_agreed_deadline"
    assert tried(claims, CANCEL, appointment) == ""


def test_terms_that_never_allow_it_refuse_it_long_before(booked: Any) -> None:
    appointment, claims = booked[1]["customer"]
    set_terms(appointment, allows_cancellation=False, allows_rescheduling=False)
    assert [tried(claims, query, appointment) for query in (CANCEL, RESCHEDULE)] == ["agreed_terms_allow_it"] * 2


def test_a_customer_reschedules_nothing_into_the_past(booked: Any) -> None:
    appointment, claims = booked[1]["customer"]
    assert tried(claims, INTO_THE_PAST, appointment) == "moves_to_the_future"


@pytest.mark.parametrize("who", REACH_BUT_DO_NOT_WORK)
@pytest.mark.parametrize("query", NOT_FOR_CUSTOMERS)
def test_a_customer_changes_nothing_else(query: str, who: str, booked: Any) -> None:
    appointment, claims = booked[1][who]
    before = state(appointment)
    assert tried(claims, query, appointment) == "customers_cancel_or_move"
    assert state(appointment) == before


@pytest.mark.parametrize("who", REACH_BUT_DO_NOT_WORK)
def test_a_stale_version_is_refused_before_the_terms_are_asked(who: str, booked: Any) -> None:
    """Who acts on what they read a while ago hears that it changed, not that they are late."""
    appointment, claims = booked[1][who]
    set_terms(appointment, starts_in=timedelta(hours=1))
    stale = CANCEL.replace("status = 'canceled'", "status = 'canceled', version = 7")
    assert tried(claims, stale, appointment) == "version_is_current"
    assert tried(claims, CANCEL, appointment) == "before_the_agreed_deadline"


@pytest.mark.parametrize("who", REACH_BUT_DO_NOT_WORK)
def test_an_illegal_status_is_refused_before_the_terms_are_asked(who: str, booked: Any) -> None:
    """Who reschedules a canceled appointment hears that it is canceled, not that they are late."""
    appointment, claims = booked[1][who]
    assert tried(booked[0].employees, CANCEL, appointment) == ""
    set_terms(appointment, starts_in=timedelta(hours=1))
    assert tried(claims, RESCHEDULE, appointment) == "status_moves_legally"


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_how_it_went_is_said_by_people_at_work_in_that_business(status: str, booked: Any, other_shop: Shop) -> None:
    appointment, claims = booked[1]["customer who says owner"]
    set_terms(appointment, starts_in=timedelta(hours=-1))
    elsewhere = Claims(business_id=other_shop.business.id, user_id=claims.user_id, role="owner")
    query = f"UPDATE appointments SET status = '{status}' WHERE id = %s"
    assert tried(claims, query, appointment) == "customers_cancel_or_move"
    assert (tried(elsewhere, query, appointment), state(appointment)[0]) == ("", "confirmed")
    assert (tried(booked[0].employees, query, appointment), state(appointment)[0]) == ("", status)


def test_people_at_work_are_bound_by_no_deadline_but_what_they_set_aside_stays(booked: Any) -> None:
    shop, bookings = booked
    appointment, _ = bookings["guest"]
    set_terms(appointment, starts_in=timedelta(hours=1), allows_rescheduling=False)
    assert tried(shop.employees, "UPDATE appointments SET overrides = '[\"notice\"]' WHERE id = %s", appointment) == ""
    assert tried(shop.employees, RESCHEDULE, appointment) == ""
    for forged in ("[]", '["hours"]'):
        query = f"UPDATE appointments SET overrides = '{forged}' WHERE id = %s"
        assert tried(shop.owners, query, appointment) == "overrides_stay"


def test_a_visitor_books_without_setting_rules_aside(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"), shop.service())
    insert = (
        "INSERT INTO appointments (id, business_id, reservation_id, service_id, starts_at, status, version, customer_name,"
        " customer_email, customer_phone, notes, answers, overrides, cancellation_token_hash, request_fingerprint)"
        " SELECT gen_random_uuid(), business_id, id, service_id, starts_at, 'confirmed', 1, 'X', 'x@example.com', '', '',"
        " '{}', '[\"hours\"]', '', '' FROM reservations WHERE id = %s"
    )
    with raw("app") as app:
        assert refused_by(app, shop.public.with_(reservation_id=hold.id), insert, hold.id) == "people_at_work_override"


@pytest.mark.parametrize(
    ("query", "terms", "error"),
    [
        (CANCEL, {"starts_in": timedelta(hours=1)}, DeadlinePassed),
        (RESCHEDULE, {"allows_rescheduling": False}, TermsForbid),
        (INTO_THE_PAST, {}, Past),
        (NOT_FOR_CUSTOMERS[0], {}, Forbidden),
    ],
)
def test_each_refusal_has_its_words(query: str, terms: dict[str, Any], error: type[Exception], booked: Any) -> None:
    appointment, claims = booked[1]["customer"]
    if terms:
        set_terms(appointment, **terms)
    with pytest.raises(error), acting_as(claims), transaction.atomic(), refusals():
        connection.cursor().execute(query, [appointment.id])


def test_a_refusal_without_words_would_be_a_bug_that_shows(booked: Any) -> None:
    appointment, claims = booked[1]["customer"]
    with pytest.raises(DatabaseError), acting_as(claims), transaction.atomic(), refusals():
        connection.cursor().execute("UPDATE appointments SET price_cents = 0 WHERE id = %s", [appointment.id])
