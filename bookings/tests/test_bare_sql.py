"""What PostgreSQL itself refuses to someone at work there who knows nothing of our code."""

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from bookings.errors import HoldExpired
from bookings.models import Appointment, Reservation, Status
from rhivo.claims import Claims, set_config_sql
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw

pytestmark = pytest.mark.django_db(transaction=True)

ARROWS = {
    ("confirmed", "canceled"),
    ("confirmed", "completed"),
    ("confirmed", "no_show"),
    ("completed", "no_show"),
    ("no_show", "completed"),
}


def refusal_of(claims: Claims, query: str, *values: Any) -> str | None:
    """Run a statement as rhivo_app under claims; return the name of what refused it, or None."""
    with raw("app") as app:
        try:
            with app.transaction():
                app.execute(set_config_sql(claims))
                assert app.execute(query, values).rowcount == 1
        except psycopg.Error as error:
            return error.diag.constraint_name or error.sqlstate
    return None


def run_out(hold: Reservation) -> None:
    """Let a hold's time be up, as nobody but the schema's owner can."""
    with raw("owner") as owner:
        owner.execute("UPDATE reservations SET expires_at = clock_timestamp() WHERE id = %s", [hold.id])


def commit_by_hand(shop: Shop, hold: Reservation) -> str | None:
    return refusal_of(
        shop.public.with_(reservation_id=hold.id),
        "INSERT INTO appointments (id, business_id, reservation_id, service_id, starts_at, status, version,"
        " customer_name, customer_email, customer_phone, notes, answers, cancellation_token_hash, overrides,"
        " request_fingerprint) VALUES (%s, %s, %s, %s, %s, 'confirmed', 1, 'Raw', '', '', '', '{}', '', '[]', '')",
        uuid4(),
        shop.business.id,
        hold.id,
        hold.service_id,
        hold.starts_at,
    )


def test_a_hold_that_ran_out_leaves_its_place_to_the_next(shop: Shop) -> None:
    for service in (shop.service(), shop.service("wash", staff=["anna"])):
        run_out(shop.hold(shop.at(), service))
        assert shop.hold(shop.at(), service).is_live(now())


def test_a_hold_that_ran_out_is_committed_by_nobody(shop: Shop) -> None:
    hold = shop.hold(shop.at())
    run_out(hold)
    with pytest.raises(HoldExpired):
        shop.commit(hold)
    assert commit_by_hand(shop, hold) == "hold_is_live"


def test_a_live_hold_is_committed_by_hand_once(shop: Shop) -> None:
    hold = shop.hold(shop.at())
    assert commit_by_hand(shop, hold) is None
    assert commit_by_hand(shop, hold) == "hold_is_live"


def booked_in_the_past(shop: Shop, status: str) -> Appointment:
    start = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    appointment = shop.book_by_staff(start, shop.service(), overrides=["notice", "hours"])
    if status != Status.CONFIRMED:
        assert set_status(shop, appointment, status) is None
    return appointment


def set_status(shop: Shop, appointment: Appointment, status: str) -> str | None:
    return refusal_of(shop.owners, "UPDATE appointments SET status = %s WHERE id = %s", status, appointment.id)


@pytest.mark.parametrize(("former", "later"), list(product(Status.values, Status.values)))
def test_a_status_moves_along_the_legal_arrows_only(shop: Shop, former: str, later: str) -> None:
    refused = set_status(shop, booked_in_the_past(shop, former), later)
    legal = former == later or (former, later) in ARROWS
    assert refused == (None if legal else "status_moves_legally")


@pytest.mark.parametrize("outcome", ["completed", "no_show"])
def test_nothing_took_place_before_it_began(shop: Shop, outcome: str) -> None:
    assert set_status(shop, shop.book(shop.at()), outcome) == "only_once_started"
