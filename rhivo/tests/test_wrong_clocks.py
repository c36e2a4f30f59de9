"""Processes whose clocks are hours off: the database's clock decides for all of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from bookings.errors import HoldExpired, SlotUnavailable
from bookings.models import BusyTime
from bookings.tasks import release_expired
from notifications.models import NotificationLog
from notifications.tasks import deliver
from rhivo.claims import acting_as
from rhivo.clock import database_now, now
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)
GUEST = {"name": "Gino", "email": "gino@example.com"}
MOMENT = timedelta(minutes=1)


@pytest.fixture(params=[-2, 2], ids=["behind", "ahead"])
def off(request: pytest.FixtureRequest) -> Iterator[timedelta]:
    """Put the clock of this process two hours back or on; the database keeps its own."""
    hours = timedelta(hours=request.param)
    with time_machine.travel(datetime.now().astimezone() + hours, tick=True):
        yield hours


def live_claims(shop: Shop) -> int:
    with acting_as(shop.public), transaction.atomic():
        return BusyTime.objects.filter(business_id=shop.business.id).count()


def test_in_a_transaction_it_is_as_late_as_the_database_says(off: timedelta) -> None:
    with transaction.atomic():
        assert abs(database_now() - now()) < MOMENT
        assert abs(datetime.now(now().tzinfo) - now() - off) < MOMENT


def test_a_hold_lasts_as_long_as_ever_and_is_booked(shop: Shop, off: timedelta) -> None:
    shop.service()
    held = answered(
        Api().post(f"{shop.api}/reservations/", {"service": "cut", "start": shop.at("10:00", days=9).isoformat()}), 201
    )
    left = datetime.fromisoformat(held["expires_at"]) - database_now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    answered(Api().post(f"{shop.api}/appointments/", {"reservation": held["id"], **GUEST}), 201)


def test_notice_counts_from_the_database_s_present(shop: Shop, off: timedelta) -> None:
    with shop.changes():
        shop.business.min_notice_minutes = 180
        shop.business.save()
    shop.service()
    today = database_now().astimezone(shop.business.zone).date()
    found = answered(Api().get(f"{shop.api}/slots/", service="cut", **{"from": today, "to": today + timedelta(days=1)}))
    starts = [datetime.fromisoformat(slot["start"]) for day in found["days"] for slot in day["slots"]]
    earliest = database_now() + timedelta(minutes=180)
    assert all(start >= earliest - MOMENT for start in starts)
    assert any(start < earliest + timedelta(hours=14) for start in starts)


def test_a_worker_ends_no_hold_early(shop: Shop, off: timedelta) -> None:
    shop.service()
    answered(
        Api().post(f"{shop.api}/reservations/", {"service": "cut", "start": shop.at("10:00", days=9).isoformat()}), 201
    )
    with as_role("worker"):
        release_expired()
    assert live_claims(shop) == 1


def test_a_worker_takes_no_message_that_another_is_sending_and_delays_none(shop: Shop, off: timedelta) -> None:
    hold = shop.hold(shop.at("10:00", days=9), at=database_now())
    shop.commit(hold, at=database_now())
    with as_role("worker"):
        message = NotificationLog.objects.get(business=shop.business)
        assert abs(message.due_at - database_now()) < MOMENT
        NotificationLog.objects.filter(pk=message.pk).update(status="sending", due_at=database_now() + MOMENT)
        deliver()
        message.refresh_from_db()
        assert (message.status, message.attempts) == ("sending", 0)
        NotificationLog.objects.filter(pk=message.pk).update(status="pending", due_at=database_now())
        deliver()
        message.refresh_from_db()
        assert message.status == "sent"


@pytest.mark.parametrize("hours", [-2, 2])
def test_whoever_brings_a_wrong_time_overbooks_nothing(shop: Shop, hours: int) -> None:
    """As somebody's own code in a shell may: a hold made two hours ago has run out, one made in the future is cut."""
    wrong, start = now() + timedelta(hours=hours), shop.at("10:00", days=9)
    first = shop.hold(start, at=wrong)
    assert first.expires_at <= database_now() + timedelta(minutes=10)
    if hours > 0:
        with pytest.raises(SlotUnavailable):
            shop.hold(start)
        shop.commit(first)
    else:
        second = shop.hold(start)
        with pytest.raises(HoldExpired):
            shop.commit(first, at=wrong)
        shop.commit(second)
    assert live_claims(shop) == 1
