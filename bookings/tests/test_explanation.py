"""Why a time is not free: each reason with its facts, who is in the way, and how it was at an instant of the past."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import operations
from bookings.explain.asked_time import BadTime
from bookings.explain.explanation import Explanation, explain
from bookings.models import Appointment
from businesses.models import Staff
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.builder import Shop
from rhivo.testing.factories import AvailabilityFactory

pytestmark = pytest.mark.django_db


def explained(shop: Shop, start: datetime, **options: Any) -> Explanation:
    """Explain a moment later: in one transaction with it, what was just booked may be ahead of the clock by some ms."""
    with acting_as(shop.employees):
        service = options.pop("service", None) or shop.service()
        return explain(shop.business, service, start, **({"at": now() + timedelta(seconds=1)} | options))


def except_on(shop: Shop, days: int, *, staff: Staff | None = None, **fields: Any) -> None:
    day = shop.at(days=days).astimezone(shop.business.zone).date()
    with shop.changes():
        AvailabilityFactory.create(business=shop.business, staff=staff, first_date=day, last_date=day, **fields)


def against(found: Explanation) -> set[str]:
    return {fact.name for fact in found.facts if fact.is_against}


def fact(found: Explanation, name: str) -> str:
    return "; ".join(fact.says for fact in found.facts if fact.name == name)


def rescheduled(shop: Shop, appointment: Appointment, start: datetime) -> Appointment:
    with acting_as(shop.employees):
        return operations.reschedule_appointment(
            appointment=appointment, start=start, version=appointment.version, at=now()
        )


def canceled(shop: Shop, appointment: Appointment) -> Appointment:
    with acting_as(shop.employees):
        return operations.cancel_appointment(appointment=appointment, version=appointment.version, at=now())


# Each reason


def test_a_free_time_is_free_with_its_places(shop: Shop) -> None:
    shop.service(max_simultaneous_bookings=3)
    shop.hold(shop.at("10:00"))
    found = explained(shop, shop.at("10:00"))
    assert (found.now.code, found.now.remaining, found.now.taken, found.alternatives) == ("FREE", 2, 1, ())
    assert against(found) == set()


def test_a_closed_day_is_explained_by_its_exception(shop: Shop) -> None:
    except_on(shop, 3, reason="Holidays")
    found = explained(shop, shop.at("10:00"))
    assert found.now.code == "CLOSED"
    assert "closed (Holidays)" in fact(found, "Exception")
    assert against(found) == {"Hours", "Exception"}
    assert len(found.alternatives) == 3


def test_a_break_and_a_time_outside_hours_are_explained_by_the_windows(shop: Shop) -> None:
    for opens, closes in ((9 * 60, 12 * 60), (14 * 60, 18 * 60)):
        except_on(shop, 3, opens=opens, closes=closes)
    for clock, code in (("12:30", "BREAK"), ("19:00", "OUTSIDE_HOURS"), ("17:45", "OUTSIDE_HOURS")):
        found = explained(shop, shop.at(clock))
        assert found.now.code == code
        assert "09:00–12:00, 14:00–18:00" in fact(found, "Hours")
        assert "Hours" in against(found)


def test_the_past_and_too_soon_are_explained_by_the_notice(shops: Callable[..., Shop]) -> None:
    shop = shops(min_notice_minutes=120)
    start = shop.at("10:00")
    for before, code in ((timedelta(hours=1), "TOO_SOON"), (timedelta(minutes=-5), "PAST")):
        found = explained(shop, start, at=start - before)
        assert found.now.code == code
        assert fact(found, "Notice").startswith("2 h: bookable until ")
        assert fact(found, "Notice").endswith(", 08:00")
        assert against(found) == {"Notice"}


def test_too_far_is_explained_by_the_advance(shop: Shop) -> None:
    found = explained(shop, shop.at("10:00", days=80))
    assert found.now.code == "TOO_FAR"
    assert against(found) == {"Advance"}


@pytest.mark.parametrize("clock", ["10:10", "10:02"])
def test_off_the_grid_is_explained_by_the_interval(clock: str, shop: Shop) -> None:
    found = explained(shop, shop.at(clock))
    assert found.now.code == "OFF_GRID"
    assert fact(found, "Starts") == "every 30 minutes from each opening"
    assert "Starts" in against(found)


def test_nobody_at_work_is_explained_person_by_person(shop: Shop) -> None:
    service = shop.service(staff=["anna", "bob"])
    except_on(shop, 3, staff=shop.person("anna"), reason="Dentist")
    with shop.changes():
        Staff.objects.filter(pk=shop.person("bob").pk).update(is_active=False)
    found = explained(shop, shop.at("10:00"), service=service)
    assert found.now.code == "STAFF_UNAVAILABLE"
    said = {each.name: each.why for each in found.now.candidates}
    assert said["Anna"].startswith("does not work then (closed;")
    assert "Dentist" in said["Anna"]
    assert said["Bob"] == "is switched off"


def test_a_person_who_does_not_do_it_is_named_as_such(shop: Shop) -> None:
    service, wanted = shop.service(staff=["anna"]), shop.person("bob")
    found = explained(shop, shop.at("10:00"), service=service, staff=wanted)
    assert found.now.code == "STAFF_UNAVAILABLE"
    assert [(each.name, each.why) for each in found.now.candidates] == [("Bob", "does not do Cut")]


def test_a_full_time_names_the_booking_and_the_hold_that_fill_it(shop: Shop) -> None:
    shop.service(max_simultaneous_bookings=2)
    booked = shop.book(shop.at("10:00"))
    held = shop.hold(shop.at("10:00"))
    found = explained(shop, shop.at("10:00"))
    assert (found.now.code, found.now.taken) == ("FULL", 2)
    assert against(found) == {"Places"}
    texts = {obstacle.appointment_id: obstacle.text for obstacle in found.now.obstacles}
    assert texts[booked.id] == f"{booked.reference}, Gino: Cut, 10:00–10:30"
    ends = held.expires_at.astimezone(shop.business.zone).strftime("%H:%M:%S")
    assert texts[None] == f"A hold until {ends}: Cut, 10:00–10:30"


def test_a_person_who_is_busy_with_another_service_is_named_with_it(shop: Shop) -> None:
    cut, wash = shop.service("cut", staff=["anna", "bob"]), shop.service("wash", staff=["anna"])
    booked = shop.book(shop.at("10:00"), wash)
    found = explained(shop, shop.at("10:00"), service=cut)
    assert (found.now.code, found.now.taken) == ("FREE", 0)
    said = {each.name: (each.is_free, each.why) for each in found.now.candidates}
    assert said["Anna"] == (False, f"is busy: {booked.reference}, Gino: Wash with Anna, 10:00–10:30")
    assert said["Bob"] == (True, "is free")
    alone = explained(shop, shop.at("10:00"), service=cut, staff=shop.person("anna"))
    assert alone.now.code == "FULL"
    assert "Places" not in against(alone)


def test_a_service_without_a_place_leaves_its_free_people_unasked(shop: Shop) -> None:
    cut = shop.service("cut", staff=["anna", "bob"], max_simultaneous_bookings=1)
    shop.book(shop.at("10:00"), cut, claims=shop.public)
    said = {each.why for each in explained(shop, shop.at("10:00"), service=cut).now.candidates}
    assert "is free, but the service has no place left" in said


def test_buffers_count_and_are_told(shop: Shop) -> None:
    service = shop.service(buffer_before_minutes=10, buffer_after_minutes=20)
    shop.book(shop.at("10:30"))
    found = explained(shop, shop.at("10:00"), service=service)
    assert found.now.code == "FULL"
    assert fact(found, "Takes") == "30 min and 10 min before and 20 min after: occupies 09:50–10:50"
    assert found.now.obstacles[0].text.endswith("10:20–11:20")


def test_a_class_counts_its_places_and_keeps_its_teacher(shop: Shop) -> None:
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=3, staff=["anna", "bob"])
    shop.book(shop.at("10:00"), yoga)
    found = explained(shop, shop.at("10:00"), service=yoga)
    assert (found.now.code, found.now.remaining, found.now.taken) == ("FREE", 2, 1)
    assert fact(found, "Places").startswith("3 in a class")
    assert sorted(each.is_free for each in found.now.candidates) == [False, True]


def test_every_reason_that_applies_is_given_in_order(shop: Shop) -> None:
    cut = shop.service(staff=["anna"])
    except_on(shop, 3, staff=shop.person("anna"))
    start = shop.at("10:10")
    found = explained(shop, start, service=cut, at=start + timedelta(minutes=1))
    assert [refusal.code for refusal in found.now.refusals] == ["OFF_GRID", "PAST", "TOO_SOON", "STAFF_UNAVAILABLE"]


def test_what_is_switched_off_cannot_be_booked_whatever_the_time(shops: Callable[..., Shop]) -> None:
    gone, shut = shops(), shops(is_active=False)
    assert explained(gone, gone.at(), service=gone.service("gone", is_active=False)).now.code == "SERVICE_UNAVAILABLE"
    assert explained(shut, shut.at()).now.code == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize("clock", ["08:00", "09:30", "10:00", "10:30", "19:45", "21:00", "10:10"])
def test_the_judgement_is_the_one_that_a_hold_gets(clock: str, shop: Shop) -> None:
    shop.service(staff=["anna"], buffer_after_minutes=30)
    shop.book(shop.at("10:00"))
    found = explained(shop, shop.at(clock))
    if found.now.code == "FREE":
        shop.hold(shop.at(clock))
    else:
        with pytest.raises(RhivoError, match=found.now.refusals[0].sentence):
            shop.hold(shop.at(clock))


# The past


def test_a_past_instant_is_judged_by_what_stood_then(shop: Shop) -> None:
    before = now()
    booked = shop.book(shop.at("10:00"))
    while_booked = now()
    away = rescheduled(shop, booked, shop.at("12:00"))
    after_move = now()
    canceled(shop, away)
    for instant, ten, noon in ((before, "FREE", "FREE"), (while_booked, "FULL", "FREE"), (after_move, "FREE", "FULL")):
        assert explained(shop, shop.at("10:00"), then=instant).then.code == ten  # type: ignore[union-attr]
        assert explained(shop, shop.at("12:00"), then=instant).then.code == noon  # type: ignore[union-attr]
    found = explained(shop, shop.at("12:00"), then=after_move)
    assert found.then is not None
    assert found.then.obstacles[0].text.startswith(f"{booked.reference}, Gino")
    assert (found.now.code, found.now.obstacles) == ("FREE", ())


def test_a_booking_that_was_rescheduled_far_away_is_still_known_to_have_been_there(shop: Shop) -> None:
    booked = shop.book(shop.at("10:00"))
    while_booked = now()
    rescheduled(shop, booked, shop.at("10:00", days=20))
    found = explained(shop, shop.at("10:00"), then=while_booked)
    assert found.then is not None
    assert (found.then.code, found.now.code) == ("FULL", "FREE")
    assert [event.places for event in found.events] == [0, 0, 0, 1]


def test_a_hold_filled_the_time_until_it_was_released(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    while_held = hold.created_at  # the first instant, by the clock of the database, which ends it as well
    with acting_as(shop.employees):
        operations.release_hold(reservation=hold)
    found = explained(shop, shop.at("10:00"), then=while_held)
    assert found.then is not None
    assert (found.then.code, found.now.code) == ("FULL", "FREE")
    assert [event.text for event in found.events] == [
        "A visitor held Cut, 10:00–10:30",
        "Asked about: FULL",
        "The hold of Cut, 10:00–10:30, was released",
    ]
    assert [event.places for event in found.events] == [0, 0, 1]


def test_a_hold_that_ran_out_filled_the_time_until_then_and_no_longer(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    later = hold.expires_at + timedelta(minutes=5)
    for instant, code in ((hold.expires_at - timedelta(seconds=1), "FULL"), (hold.expires_at, "FREE")):
        assert explained(shop, shop.at("10:00"), at=later, then=instant).then.code == code  # type: ignore[union-attr]
    events = explained(shop, shop.at("10:00"), at=later).events
    assert [(event.text.split(", ")[-1], event.at) for event in events][1:] == [("ran out", hold.expires_at)]


def test_a_hold_that_became_an_appointment_leaves_no_gap(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    booked = shop.commit(hold).appointment
    assert explained(shop, shop.at("10:00"), then=booked.created_at).then.code == "FULL"  # type: ignore[union-attr]
    events = explained(shop, shop.at("10:00")).events
    assert [event.places for event in events] == [0, 0]
    assert events[1].text.startswith(f"Gino (guest) booked {booked.reference}: Cut, ")
    assert events[1].appointment_id == booked.id


def test_the_events_say_what_took_and_freed_the_time_and_who_did_it(shop: Shop) -> None:
    shop.service(staff=["anna", "bob"])
    booked = shop.book_by_staff(shop.at("10:00"), staff=shop.person("anna"))
    canceled(shop, rescheduled(shop, booked, shop.at("10:30")))
    texts = [event.text for event in explained(shop, shop.at("10:00")).events]
    assert [text.split(" (")[0].partition(f" {booked.reference}")[0] for text in texts] == [
        "Ewa booked",
        "Ewa rescheduled",
    ]
    overlapping = [event.text for event in explained(shop, shop.at("10:30")).events]
    assert [text.partition(f" {booked.reference}")[0] for text in overlapping] == ["Ewa rescheduled", "Ewa canceled"]


def test_what_has_no_part_in_the_time_is_not_told(shop: Shop, other_shop: Shop) -> None:
    cut = shop.service("cut", staff=["anna"])
    shop.book(shop.at("11:00"), cut)
    shop.book(shop.at("10:00"), shop.service("wash", staff=["bob"]))
    other_shop.book(shop.at("16:00"), other_shop.service("cut"))
    found = explained(shop, shop.at("10:00"), service=cut)
    assert (found.events, found.now.obstacles) == ((), ())


def test_a_past_with_few_places_left_gives_their_number(shop: Shop) -> None:
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=3, staff=["anna"])
    shop.book(shop.at("10:00"), yoga)
    one = now()
    canceled(shop, shop.book_by_staff(shop.at("10:00"), yoga))
    found = explained(shop, shop.at("10:00"), service=yoga, then=one)
    assert found.then is not None
    assert (found.then.remaining, found.then.taken) == (2, 1)
    assert [event.places for event in found.events if not event.is_question] == [2, 2, 1, 2]


def test_the_rules_of_the_past_are_todays_and_this_is_said(shop: Shop) -> None:
    shop.service()
    long_ago = explained(shop, shop.at("10:00"), then=now() - timedelta(days=9))
    lately = explained(shop, shop.at("10:00"), then=now() - timedelta(days=1))
    assert "as they are set today" in lately.remarks[0]
    assert "kept 7 days" in long_ago.remarks[1]
    assert len(lately.remarks) == 1


def test_an_instant_to_come_is_no_past(shop: Shop) -> None:
    with pytest.raises(BadTime):
        explained(shop, shop.at("10:00"), then=now() + timedelta(minutes=1))


def test_a_busy_time_takes_as_many_queries_as_an_empty_one(shop: Shop) -> None:
    service = shop.service(staff=["anna", "bob", "carla", "dora"], max_simultaneous_bookings=9)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            explained(shop, shop.at("10:00"), service=service, then=now() - timedelta(seconds=1))
        return len(captured)

    shop.book_by_staff(shop.at("10:00"), service)
    few = queries()
    for _ in range(2):
        shop.book_by_staff(shop.at("10:00"), service)
    assert queries() == few
    assert few <= 20


def test_other_tenants_claims_and_people_stay_unseen(shop: Shop, other_shop: Shop) -> None:
    theirs = other_shop.book(other_shop.at("10:00"))
    with acting_as(shop.employees):
        found = explain(other_shop.business, other_shop.service(), other_shop.at("10:00"), at=now())
    assert (found.events, found.now.obstacles) == ((), ())
    assert theirs.reference not in str(found)
