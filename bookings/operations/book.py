"""Making appointments: out of a live hold, or by staff on the phone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from bookings.errors import HoldExpired, LimitReached, ServiceUnavailable
from bookings.messages import enqueue_for_customer
from bookings.models import Appointment, Reservation, ReservationStatus
from bookings.operations.choose_slot import best_person, judged_slot, nearest_starts, with_alternatives
from bookings.operations.contact import Contact, checked_answers, checked_contact, reachable_contact
from bookings.rules.reasons import Override, overridden_by
from businesses.models import Business, Service, Staff, User
from rhivo import claims
from rhivo.counting import counted
from rhivo.db.constraints import refusals
from rhivo.db.history import because
from rhivo.db.idempotency import Once
from rhivo.db.operation import operation
from rhivo.errors import Forbidden, IdempotencyMismatch, NotFound
from rhivo.tokens import guest_token, token_hash


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment, whether this very request made it, and the token by which its guest manages it."""

    appointment: Appointment
    created: bool
    cancellation_token: str | None


@operation
def commit_hold(
    *,
    business: Business,
    reservation_id: UUID,
    key: str,
    at: datetime,
    contact: Contact,
    notes: str = "",
    answers: Mapping[str, Any] | None = None,
) -> Booked:
    """Make the appointment of a live hold; every commit of one hold with the same details gets the same appointment.

    Raises NotFound, HoldExpired, IdempotencyMismatch, ContactRequired, AnswersInvalid or LimitReached.
    """
    once = Once.of(key, reservation_id, asdict(contact), notes, dict(answers or {}))
    token = guest_token(reservation_id)
    # RETURNING reads the new row, and a guest reads an appointment by the hash of its token alone.
    claims.assume(claims.current().with_(reservation_id=reservation_id, cancellation_token=token_hash(token)))
    # First the lock of the key, then that of the hold: every commit of one hold takes both in this order.
    made = once.made("appointment_of_key", business.id)
    hold = _locked_hold(business, reservation_id)
    if made is not None or hold.status == ReservationStatus.COMMITTED:
        return _booked_before(business, reservation_id, token, once)
    # An early answer. The trigger asks again by the clock of the database when the row is written.
    if not hold.is_live(at):
        raise HoldExpired()
    account = _account(claims.current().user_id)
    known = checked_contact(business, contact, account)
    kept_answers = checked_answers(business, dict(answers or {}))
    # Waits for who books for the same customer, then counts, so the limit is true in parallel.
    check_customer_limits(business, known, account, hold.starts_at)
    with refusals():
        appointment = Appointment.objects.create(
            business=business,
            reservation=hold,
            service_id=hold.service_id,
            staff_id=hold.staff_id,
            starts_at=hold.starts_at,
            customer=account,
            cancellation_token_hash="" if account else token_hash(token),
            notes=notes,
            answers=kept_answers,
            idempotency_key=once.key,
            request_fingerprint=once.fingerprint,
            **_customer_fields(known),
        )
    # In the same transaction: no message without its appointment, and no appointment without its message.
    enqueue_for_customer(appointment, "confirmed")
    return Booked(appointment, created=True, cancellation_token=None if account else token)


def _locked_hold(business: Business, reservation_id: UUID) -> Reservation:
    """Return the presented hold under its lock, so that commits of one hold take turns."""
    hold = Reservation.objects.select_for_update().filter(business=business, id=reservation_id).first()
    if hold is None:
        raise NotFound("There is no such hold.")
    return hold


def _booked_before(business: Business, reservation_id: UUID, token: str, once: Once) -> Booked:
    """Return the appointment a hold has become, to the same request only: others must not learn who booked it."""
    appointment = Appointment.objects.filter(business=business, reservation_id=reservation_id).first()
    if appointment is None:
        raise HoldExpired()
    if appointment.request_fingerprint != once.fingerprint:
        raise IdempotencyMismatch("This hold has been booked already, with other details.")
    guests = appointment.cancellation_token_hash == token_hash(token)
    return Booked(appointment, created=False, cancellation_token=token if guests else None)


def _account(user_id: UUID | None) -> User | None:
    return User.objects.get(pk=user_id) if user_id else None


def _customer_fields(contact: Contact) -> dict[str, str]:
    return {
        "customer_name": contact.name,
        "customer_email": contact.email,
        "customer_phone": contact.phone,
    }


def check_customer_limits(
    business: Business,
    contact: Contact,
    account: User | None,
    start: datetime,
    *,
    rescheduling: Appointment | None = None,
) -> None:
    """Raise LimitReached if a customer would have more bookings than the business allows; true also in parallel."""
    day = start.astimezone(business.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    next_day = (day + timedelta(days=1)).replace(hour=0, minute=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT that_day, upcoming FROM bookings_of_customer(%s, %s, %s, %s, tstzrange(%s, %s), %s)",
            [
                business.id,
                account.id if account else None,
                contact.email,
                contact.phone,
                day,
                next_day,
                rescheduling.id if rescheduling else None,
            ],
        )
        that_day, upcoming = cursor.fetchone()
    if that_day >= business.max_per_customer_per_day:
        raise LimitReached(f"At most {counted(business.max_per_customer_per_day, 'booking')} a day for each customer.")
    if upcoming >= business.max_upcoming_per_customer:
        most = counted(business.max_upcoming_per_customer, "upcoming booking")
        raise LimitReached(f"At most {most} for each customer.")


@with_alternatives(nearest_starts)
@operation
def book_for_customer(
    *,
    business: Business,
    service: Service,
    start: datetime,
    contact: Contact,
    key: str,
    at: datetime,
    staff: Staff | None = None,
    notes: str = "",
    overrides: Sequence[Override] = (),
) -> Booked:
    """Book by staff for someone on the phone or at the door; overrides are recorded with the booking.

    Raises Forbidden to all but the people at work there, and otherwise what `hold_slot` and `commit_hold` raise.
    Limits per customer bind customers, not staff.
    """
    acting = claims.current()
    if not acting.works_here or acting.business_id != business.id:
        raise Forbidden("Only the people at work there book for a customer.")
    overrides = sorted(set(overrides))
    once = Once.of(key, service.id, start.timestamp(), staff.id if staff else None, asdict(contact), notes, overrides)
    if (made := once.made("appointment_of_key", business.id)) is not None:
        return Booked(Appointment.objects.get(pk=made), created=False, cancellation_token=None)
    if not service.is_active:
        raise ServiceUnavailable()
    known = reachable_contact(business, contact)
    slot = judged_slot(business, service, start, at=at, staff=staff, overridden=overridden_by(overrides))
    if overrides:
        because(f"override: {', '.join(overrides)}")
    appointment_id = uuid4()

    with refusals():
        appointment = Appointment.objects.create(
            id=appointment_id,
            business=business,
            service=service,
            staff_id=best_person(slot),
            starts_at=start,
            notes=notes,
            overrides=list(overrides),
            cancellation_token_hash=token_hash(guest_token(appointment_id)),
            idempotency_key=once.key,
            request_fingerprint=once.fingerprint,
            **_customer_fields(known),
        )
    enqueue_for_customer(appointment, "confirmed")
    return Booked(appointment, created=True, cancellation_token=None)
