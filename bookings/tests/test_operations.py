"""Booking, changing, closing: what each does, and that each refusal changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from audit.models import AuditLog
from bookings import operations
from bookings.contact import Contact
from bookings.errors import (
    DeadlinePassed,
    IllegalTransition,
    LimitReached,
    SlotUnavailable,
)
from bookings.models import Appointment
from bookings.rules.reasons import Override
from bookings.tests.shop_state import COMMITTED, change_service, everything, occupancy_of
from businesses.models import ServiceStaff
from notifications.models import NotificationLog
from rhivo.claims import Claims, acting_as
from rhivo.clock import now
from rhivo.errors import Forbidden, IdempotencyMismatch, VersionConflict
from rhivo.testing.builder import Shop
from rhivo.tokens import guest_token, token_hash

pytestmark = pytest.mark.django_db


def guest_claims(appointment: Appointment) -> Claims:
    return Claims(
        business_id=appointment.business_id,
        cancellation_token=token_hash(guest_token(appointment.reservation_id or appointment.id)),
    )


def cancel(appointment: Appointment, claims: Claims, *, at: datetime | None = None, version: int = 1) -> Appointment:
    with acting_as(claims):
        return operations.cancel_appointment(appointment=appointment, version=version, at=at or now(), reason="Flu")


def reschedule(
    appointment: Appointment, claims: Claims, start: datetime, *, at: datetime | None = None, version: int = 1
) -> Appointment:
    with acting_as(claims):
        return operations.reschedule_appointment(appointment=appointment, start=start, version=version, at=at or now())


def reschedule_by_three_hours(appointment: Appointment, claims: Claims, *, at: datetime) -> Appointment:
    return reschedule(appointment, claims, appointment.starts_at + timedelta(hours=3), at=at)


def mark(how: Callable[..., Appointment], appointment: Appointment, claims: Claims, version: int) -> Appointment:
    with acting_as(claims):
        return how(appointment=appointment, version=version, at=now())


def begun(shop: Shop) -> Appointment:
    """Return an appointment that began yesterday, as staff write down afterwards."""
    return shop.book_by_staff(shop.at(days=-1), overrides=[Override.NOTICE])


@COMMITTED
def test_a_smaller_service_blocks_no_cancel_and_no_outcome(shop: Shop) -> None:
    service = shop.service(staff=["anna", "bob"], max_simultaneous_bookings=2)
    first, second = shop.book_by_staff(shop.at(), service), shop.book_by_staff(shop.at(), service)
    old = shop.book_by_staff(shop.at(days=-1), service, overrides=[Override.NOTICE])
    change_service(shop, max_simultaneous_bookings=1, is_active=False)
    with shop.changes():
        ServiceStaff.objects.filter(business=shop.business).delete()
    with acting_as(shop.employees), transaction.atomic():
        Appointment.objects.filter(pk=second.pk).update(notes="Allergic")
        second.refresh_from_db()
        assert (second.notes, second.version) == ("Allergic", 2)
    assert cancel(first, guest_claims(first)).status == "canceled"
    assert mark(operations.complete_appointment, old, shop.employees, 1).status == "completed"


# Appointments


def test_committing_a_hold_makes_an_appointment_that_keeps_its_claim(shop: Shop) -> None:
    hold = shop.hold(shop.at("10:00"))
    booked = shop.commit(hold)
    assert booked.created
    assert booked.appointment.reference.startswith("RHV-")
    [(source, _, _, expires)] = occupancy_of(shop)
    assert (source, expires) == (booked.appointment.id, None)


def test_a_second_commit_gives_the_same_appointment_and_tells_nobody_again(shop: Shop) -> None:
    hold = shop.hold(shop.at())
    first = shop.commit(hold, key="a-good-key")
    before = everything(shop)
    for again in (shop.commit(hold, key="a-good-key"), shop.commit(hold, key="another-key")):
        assert not again.created
        assert again.appointment.id == first.appointment.id
        assert again.cancellation_token == first.cancellation_token
    with pytest.raises(IdempotencyMismatch):
        shop.commit(hold, Contact("Eve", "eve@example.com"), key="a-good-key")
    assert everything(shop) == before


@COMMITTED
def test_what_was_agreed_is_kept_when_service_and_policy_change(shop: Shop) -> None:
    hold = shop.hold(shop.at(), shop.service())
    change_service(shop, name="Dearer", price_cents=9900, duration_minutes=90, buffer_after_minutes=30)
    booked = shop.commit(hold).appointment
    with shop.changes():
        shop.business.cancellation_deadline_hours = 168
        shop.business.allows_cancellation = False
        shop.business.save(update_fields=["cancellation_deadline_hours", "allows_cancellation"])
    with acting_as(shop.employees), transaction.atomic():
        booked.refresh_from_db()
    assert (booked.service_name, booked.price_cents, booked.buffer_after_minutes) == ("Cut", 2500, 0)
    assert booked.ends_at - booked.starts_at == timedelta(minutes=30)
    assert booked.cancel_until == shop.at() - timedelta(hours=24)
    rescheduled = reschedule(booked, guest_claims(booked), shop.at("14:00"))
    assert (rescheduled.price_cents, rescheduled.ends_at - rescheduled.starts_at) == (2500, timedelta(minutes=30))


def test_a_limit_per_day_counts_by_email_and_by_phone(shops: Callable[..., Shop]) -> None:
    shop = shops(max_per_customer_per_day=1)
    shop.book(shop.at("09:00"), contact=Contact("Gino", "gino@example.com", "+39061234567"))
    holds = [shop.hold(shop.at("10:00")), shop.hold(shop.at("11:00"))]
    before = everything(shop)
    for hold, contact in zip(
        holds, (Contact("G", " GINO@example.com"), Contact("G", "g@example.com", "06 1234567")), strict=True
    ):
        with pytest.raises(LimitReached):
            shop.commit(hold, contact)
    assert everything(shop) == before


def test_a_canceled_booking_counts_towards_no_limit(shops: Callable[..., Shop]) -> None:
    shop = shops(max_per_customer_per_day=1)
    booked = shop.book(shop.at("09:00"))
    cancel(booked, guest_claims(booked))
    shop.book(shop.at("09:00"))


def test_rescheduling_to_another_day_minds_the_limit_of_that_day(shops: Callable[..., Shop]) -> None:
    shop = shops(max_per_customer_per_day=1)
    shop.book(shop.at(days=4))
    booked = shop.book(shop.at(days=5))
    before = everything(shop)
    with pytest.raises(LimitReached):
        reschedule(booked, guest_claims(booked), shop.at("15:00", days=4))
    assert everything(shop) == before
    reschedule(booked, guest_claims(booked), shop.at("15:00", days=5))


@pytest.mark.parametrize("change", [cancel, reschedule_by_three_hours])
def test_the_deadline_binds_customers_to_the_minute_and_staff_never(
    change: Callable[..., Appointment], shop: Shop
) -> None:
    fine, late = timedelta(hours=24, minutes=1), timedelta(hours=23, minutes=59)
    first, second = shop.book(shop.at("09:00")), shop.book(shop.at("11:00"))
    assert change(first, guest_claims(first), at=first.starts_at - fine).version == 2
    before = everything(shop)
    with pytest.raises(DeadlinePassed):
        change(second, guest_claims(second), at=second.starts_at - late)
    assert everything(shop) == before
    changed = change(second, shop.employees, at=second.starts_at - late)
    assert (changed.version, len(changed.overrides)) == (2, 1)


def test_statuses_move_along_their_arrows_and_staff_may_correct_an_outcome(shop: Shop) -> None:
    row = begun(shop)
    assert mark(operations.complete_appointment, row, shop.employees, 1).status == "completed"
    assert mark(operations.mark_no_show, row, shop.employees, 2).status == "no_show"
    assert mark(operations.complete_appointment, row, shop.employees, 3).version == 4
    before = everything(shop)
    with pytest.raises(IllegalTransition):
        cancel(row, shop.employees, version=4)
    with pytest.raises(IllegalTransition):
        reschedule(row, shop.employees, shop.at(), version=4)
    assert everything(shop) == before


def test_what_is_canceled_stays_so(shop: Shop) -> None:
    row = shop.book(shop.at())
    cancel(row, shop.employees)
    before = everything(shop)
    for how in (operations.complete_appointment, operations.mark_no_show):
        with pytest.raises(IllegalTransition):
            mark(how, row, shop.employees, 2)
    with pytest.raises(IllegalTransition):
        reschedule(row, shop.employees, shop.at("12:00"), version=2)
    assert cancel(row, shop.employees, version=2).version == 2
    assert everything(shop) == before


def test_an_outcome_is_said_by_staff_once_it_has_started(shop: Shop) -> None:
    row = shop.book(shop.at())
    before = everything(shop)
    with pytest.raises(IllegalTransition):
        mark(operations.complete_appointment, row, shop.employees, 1)
    with pytest.raises(Forbidden):
        mark(operations.mark_no_show, row, guest_claims(row), 1)
    assert everything(shop) == before


def test_a_stale_version_changes_nothing(shop: Shop) -> None:
    row = shop.book(shop.at())
    before = everything(shop)
    with pytest.raises(VersionConflict) as refusal:
        cancel(row, shop.employees, version=2)
    assert refusal.value.extra == {"current_version": 1}
    with pytest.raises(VersionConflict):
        reschedule(row, shop.employees, shop.at("12:00"), version=2)
    assert everything(shop) == before


def test_rescheduling_that_finds_no_place_keeps_the_old_one(shop: Shop) -> None:
    row, _ = shop.book(shop.at("10:00")), shop.book(shop.at("12:00"))
    before = everything(shop)
    with pytest.raises(SlotUnavailable):
        reschedule(row, guest_claims(row), shop.at("12:00"))
    assert everything(shop) == before


def test_who_keeps_their_person_is_offered_other_times_of_that_person(shop: Shop) -> None:
    service = shop.service(staff=["anna", "bea"], max_simultaneous_bookings=2)
    anna = shop.person("anna")
    row = shop.book_by_staff(shop.at("10:00"), service, staff=anna)
    for clock in ("12:00", "12:30"):
        shop.book_by_staff(shop.at(clock), service, staff=anna)
    with pytest.raises(SlotUnavailable) as refusal, acting_as(guest_claims(row)):
        operations.reschedule_appointment(appointment=row, start=shop.at("12:00"), version=1, at=now())
    near = [start.strftime("%H:%M") for start in refusal.value.extra["alternatives"]]
    assert near == ["11:30", "11:00", "13:00"]


def test_its_own_time_never_stands_in_the_way_of_rescheduling(shops: Callable[..., Shop]) -> None:
    shop = shops(slot_interval_minutes=5)
    service = shop.service(staff=["anna"], buffer_after_minutes=10)
    row = shop.book(shop.at("10:00"), service)
    rescheduled = reschedule(row, guest_claims(row), shop.at("10:15"))
    assert (rescheduled.starts_at, rescheduled.staff_id) == (shop.at("10:15"), shop.person("anna").id)
    assert len(occupancy_of(shop)) == 1


def test_staff_overrides_are_recorded_and_capacity_is_none_of_them(shop: Shop) -> None:
    row = shop.book_by_staff(shop.at("23:05"), overrides=[Override.HOURS])
    assert row.overrides == ["hours"]
    before = everything(shop)
    with pytest.raises(SlotUnavailable):
        shop.book_by_staff(shop.at("23:05"), overrides=list(Override))
    with pytest.raises(Forbidden):
        shop.book_by_staff(shop.at("12:00"), claims=shop.customers)
    assert everything(shop) == before


# History and messages


def test_every_change_leaves_one_entry_with_its_actor_and_reason(shop: Shop) -> None:
    row = shop.book(shop.at())
    reschedule(row, shop.employees, shop.at("12:00"))
    cancel(row, guest_claims(row), version=2)
    with acting_as(shop.employees):
        entries = list(AuditLog.objects.filter(entity="appointment", entity_id=row.id))
    assert [(entry.action, entry.actor_kind) for entry in entries] == [
        ("booked", "guest"),
        ("rescheduled", "user"),
        ("canceled", "guest"),
    ]
    assert entries[1].actor == str(shop.employee.id)
    assert entries[1].actor_role == "staff"
    assert [entry.reason for entry in entries] == ["", "", "Flu"]
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    kept = str([(entry.before, entry.after) for entry in entries])
    assert "cancellation_token" not in kept
    assert "idempotency" not in kept


def test_a_reason_is_told_of_its_own_change_only(shop: Shop) -> None:
    first, second = shop.book(shop.at("10:00")), shop.book(shop.at("12:00"))
    with transaction.atomic():
        cancel(first, shop.employees)
        reschedule(second, shop.employees, shop.at("14:00"))
    with acting_as(shop.employees):
        [entry] = AuditLog.objects.filter(entity_id=second.id, action="rescheduled")
    assert entry.reason == ""


def test_each_event_owes_its_customer_one_mail(shop: Shop) -> None:
    row = shop.book(shop.at())
    reschedule(row, guest_claims(row), shop.at("12:00"))
    cancel(row, guest_claims(row), version=2)
    cancel(row, guest_claims(row), version=3)
    shop.book_by_staff(shop.at("15:00"), contact=Contact("No mail", "", "+39061234567"))
    with acting_as(shop.employees):
        enqueued = NotificationLog.objects.filter(business=shop.business).order_by("created_at")
        assert [(mail.template, mail.recipient) for mail in enqueued] == [
            (f"appointment_{event}", "gino@example.com") for event in ("confirmed", "rescheduled", "canceled")
        ]


def test_nothing_is_enqueued_for_what_was_rolled_back(shop: Shop) -> None:
    hold = shop.hold(shop.at())
    before = everything(shop)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        shop.commit(hold)
        raise ZeroDivisionError
    assert everything(shop) == before
