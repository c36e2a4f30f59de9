"""A message tells of what happened, whoever writes it: bare SQL into the outbox under every kind of claims."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from bookings.contact import Contact
from bookings.models import Appointment
from businesses.models import Membership
from rhivo.claims import Claims
from rhivo.testing.builder import GINO, Shop
from rhivo.testing.database import raw
from rhivo.testing.sql_attacker import DENIED, VISITORS, claims_of, refused_by
from rhivo.tokens import guest_token, token_hash

pytestmark = pytest.mark.django_db(transaction=True)


NUMBER = "+393331234567"


@pytest.fixture
def booked(shop: Shop) -> tuple[Shop, Appointment, Claims]:
    """A guest's booking, notified already, and the claims that reach it."""
    hold = shop.hold(shop.at("10:00"), shop.service())
    guest = Claims(business_id=shop.business.id, cancellation_token=token_hash(guest_token(hold.id)))
    shop.guest = guest  # type: ignore[attr-defined]
    return shop, shop.commit(hold, replace(GINO, phone=NUMBER)).appointment, guest


def message(appointment: Appointment, event: str = "canceled", version: int = 2, **changes: Any) -> dict[str, Any]:
    """Return the row that the product would write; `context` changes what is in its JSON."""
    context = {
        "appointment_id": str(appointment.id),
        "manage_token_of": str(appointment.reservation_id),
    } | changes.pop("context", {})
    return {
        "business_id": appointment.business_id,
        "dedupe_key": f"{appointment.id} {event} {version}",
        "template": f"appointment_{event}",
        "recipient": appointment.customer_email,
        "context": context,
    } | changes


def refusal_of(claims: Claims, row: dict[str, Any], login: Any = "app") -> str:
    """Try to enqueue a message; return what refused it, '' if nothing did."""
    given = {
        "id": uuid4(),
        "channel": "email",
        "locale": "en",
        "status": "pending",
        "attempts": 0,
        "last_error": "",
    } | row
    names = ", ".join([*given, "due_at", "created_at"])
    marks = ", ".join(["%s"] * len(given) + ["now()", "now()"])
    values = [Jsonb(value) if isinstance(value, dict) else value for value in given.values()]
    with raw(login) as connection:
        return refused_by(connection, claims, f"INSERT INTO notification_logs ({names}) VALUES ({marks})", *values)


def canceled(shop: Shop, appointment: Appointment) -> None:
    """Cancel by bare SQL, so that nobody is notified of it yet."""
    with raw("app") as app:
        done = refused_by(
            app, shop.employees, "UPDATE appointments SET status = 'canceled' WHERE id = %s", appointment.id
        )
    assert done == ""


def test_who_reaches_a_booking_tells_its_customer_once_of_what_happened(booked: Any) -> None:
    shop, appointment, guest = booked
    canceled(shop, appointment)
    assert refusal_of(guest, message(appointment)) == ""
    assert refusal_of(shop.employees, message(appointment)) == "enqueued_once"


@pytest.mark.parametrize("channel", ["email", "sms", "whatever"])
def test_a_message_may_go_to_the_phone_number_too_whatever_the_channel(channel: str, booked: Any) -> None:
    shop, appointment, guest = booked
    canceled(shop, appointment)
    assert refusal_of(guest, message(appointment, recipient=NUMBER, channel=channel)) == ""
    assert refusal_of(guest, message(appointment, channel=channel)) == "enqueued_once"


@pytest.mark.parametrize("contact", [Contact("Gino", email="gino@example.com"), Contact("Gino", phone=NUMBER)])
def test_an_address_that_a_customer_left_empty_is_no_recipient(contact: Contact, shop: Shop) -> None:
    appointment = shop.book_by_staff(shop.at(), contact=contact)
    canceled(shop, appointment)
    for recipient, refusal in (("", DENIED), (contact.email or contact.phone, "")):
        row = message(appointment, recipient=recipient, context={"manage_token_of": ""})
        assert refusal_of(shop.employees, row) == refusal


@pytest.mark.parametrize("visitor", ["nobody", "public", "customer"])
def test_who_does_not_reach_a_booking_tells_nothing_of_it(visitor: str, booked: Any) -> None:
    shop, appointment, _ = booked
    canceled(shop, appointment)
    assert refusal_of(claims_of(shop, visitor), message(appointment)) == DENIED


LIES: dict[str, Callable[[Appointment], dict[str, Any]]] = {
    "to somebody else": lambda booking: message(booking, recipient="mallory@example.com"),
    "to another's number": lambda booking: message(booking, recipient="+393330000000", channel="sms"),
    "to an address and another's besides": lambda booking: message(
        booking, recipient="gino@example.com, m@example.com"
    ),
    "to nobody": lambda booking: message(booking, recipient=""),
    "of another event": lambda booking: message(booking, "rescheduled"),
    "of a confirmation long past": lambda booking: message(booking, "confirmed"),
    "of a version that is not": lambda booking: message(booking, version=3),
    "under a key of its own": lambda booking: message(booking, dedupe_key=str(uuid4())),
    "of an unknown kind": lambda booking: message(booking, "praised"),
    "of no booking": lambda booking: message(booking, context={"appointment_id": str(uuid4())}),
    "with the link of another": lambda booking: message(booking, context={"manage_token_of": str(uuid4())}),
    "with an invitation in it": lambda booking: message(booking, context={"invitation_of": str(uuid4())}),
    "sent already": lambda booking: message(booking, status="sent"),
    "given up already": lambda booking: message(booking, attempts=7),
    "a link in another template": lambda booking: message(booking, template="invitation"),
}


@pytest.mark.parametrize("lie", LIES)
def test_nobody_tells(lie: str, booked: Any) -> None:
    shop, appointment, guest = booked
    canceled(shop, appointment)
    for claims in (guest, shop.employees, shop.owners):
        assert refusal_of(claims, LIES[lie](appointment)) == DENIED
    assert refusal_of(shop.owners, LIES[lie](appointment), "worker") == DENIED


def test_nobody_tells_of_a_booking_elsewhere(booked: Any, other_shop: Shop) -> None:
    shop, appointment, _ = booked
    canceled(shop, appointment)
    for claims in (other_shop.owners, other_shop.employees, other_shop.public):
        assert refusal_of(claims, message(appointment)) == DENIED
        assert refusal_of(claims, message(appointment, business_id=other_shop.business.id)) == DENIED


def invitation(shop: Shop, **changes: Any) -> dict[str, Any]:
    with shop.changes():
        membership = Membership.objects.get(business=shop.business, user=shop.employee)
    return {
        "business_id": shop.business.id,
        "dedupe_key": f"{membership.id} invitation",
        "template": "invitation",
        "recipient": shop.employee.email,
        "context": {"invitation_of": str(shop.employee.id)},
    } | changes


def test_an_owner_invites_a_member_at_their_own_address(shop: Shop) -> None:
    assert refusal_of(shop.owners, invitation(shop)) == ""


@pytest.mark.parametrize("visitor", [visitor for visitor in VISITORS if visitor != "owner"])
def test_nobody_else_invites(visitor: str, booked: Any) -> None:
    shop, _, _ = booked
    assert refusal_of(claims_of(shop, visitor), invitation(shop)) == DENIED
    assert refusal_of(claims_of(shop, visitor), {**invitation(shop), "template": "news", "context": {}}) == DENIED


def test_an_invitation_of_one_account_never_goes_to_the_address_of_another(shop: Shop, other_shop: Shop) -> None:
    lies: tuple[dict[str, Any], ...] = (
        {"recipient": "mallory@example.com"},
        {"context": {"invitation_of": str(other_shop.owner.id)}},
        {"context": {"invitation_of": str(other_shop.owner.id)}, "recipient": other_shop.owner.email},
        {"context": {"invitation_of": str(shop.owner.id)}},
        {"context": {}},
        {"dedupe_key": str(uuid4())},
        {"template": "news"},
    )
    for changes in lies:
        assert refusal_of(shop.owners, invitation(shop, **changes)) == DENIED, changes
        assert refusal_of(shop.owners, invitation(shop, **changes), "worker") == DENIED, changes


def test_the_worker_enqueues_nothing_without_the_claims_of_a_business(shop: Shop) -> None:
    assert refusal_of(Claims(), {**invitation(shop), "template": "news", "context": {}}, "worker") == DENIED
