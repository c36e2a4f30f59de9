"""Turning a live hold into an appointment."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from bookings.contact import Contact, checked_answers, checked_contact
from bookings.errors import HoldExpired
from bookings.messages import enqueue_for_customer
from bookings.models import Appointment, Reservation, ReservationStatus
from bookings.operations.book import Booked, create_appointments
from bookings.operations.customer_limits import check_customer_limits
from businesses.models import Business, User
from rhivo import claims
from rhivo.db.idempotency import Once
from rhivo.db.operation import operation
from rhivo.errors import IdempotencyMismatch, NotFound
from rhivo.tokens import guest_token, token_hash


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

    The hold of a visit is committed whole: its first part is what is returned, and the message tells of all parts.

    Raises NotFound, HoldExpired, IdempotencyMismatch, ContactRequired, AnswersInvalid or LimitReached.
    """
    answers = dict(answers or {})
    once = Once.of(key, reservation_id, asdict(contact), notes, answers)
    token = guest_token(reservation_id)
    # RETURNING reads the new row, and a guest reads an appointment by the hash of its token alone.
    claims.assume(claims.current().with_(reservation_id=reservation_id, cancellation_token=token_hash(token)))
    # First the lock of the key, then that of the hold: every commit of one hold takes both in this order.
    made = once.made("appointment_of_key", business.id)
    holds = _locked_holds(business, reservation_id)
    hold = holds[0]
    if made is not None or hold.status == ReservationStatus.COMMITTED:
        return _booked_before(business, reservation_id, token, once)
    # An early answer. The hold may still run out below: the trigger asks again by the database's clock as it writes.
    if not hold.is_live(at):
        raise HoldExpired()
    user_id = claims.current().user_id
    account = User.objects.get(pk=user_id) if user_id else None
    known = checked_contact(business, contact, account)
    checked = checked_answers(business, answers)
    check_customer_limits(business, known, user_id, hold.starts_at)
    appointment, *others = create_appointments(
        business, once, known, [_held(one) for one in holds], customer=account, notes=notes, answers=checked
    )
    # In the same transaction: no message without its appointment, and no appointment without its message.
    enqueue_for_customer(appointment, "confirmed", others)
    return Booked(appointment, created=True, cancellation_token=None if account else token)


def _locked_holds(business: Business, reservation_id: UUID) -> list[Reservation]:
    """Return the parts of the presented hold under their locks, in order; raises NotFound."""
    # Two commits of one hold may come under different keys. Here they take turns: the second finds it committed.
    parts = Reservation.objects.select_for_update().filter(business=business, visit_id=reservation_id)
    holds = list(parts.order_by("part"))
    if not holds:
        raise NotFound("There is no such hold.")
    return holds


def _held(hold: Reservation) -> dict[str, Any]:
    # The trigger takes these from the hold, whatever is sent. They are sent so that the model has them for the mail.
    return {"reservation": hold, "service_id": hold.service_id, "staff_id": hold.staff_id, "starts_at": hold.starts_at}


def _booked_before(business: Business, reservation_id: UUID, token: str, once: Once) -> Booked:
    """Return the appointment that a hold has become, to a request with the details that made it."""
    appointment = Appointment.objects.filter(business=business, reservation_id=reservation_id).first()
    if appointment is None:
        raise HoldExpired()
    # Whoever knows the id of the hold may ask here, and others must not learn who booked it.
    if appointment.request_fingerprint != once.fingerprint:
        raise IdempotencyMismatch("This hold has been booked already, with other details.")
    guests = appointment.cancellation_token_hash == token_hash(token)
    return Booked(appointment, created=False, cancellation_token=token if guests else None)
