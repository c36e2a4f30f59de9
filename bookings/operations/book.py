"""Booking by staff, for a customer on the phone or at the door."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from bookings.contact import Contact, reachable_contact
from bookings.messages import enqueue_for_customer
from bookings.models import Appointment
from bookings.operations.choose_slot import WantedStart, require_bookable, require_needed, with_alternatives
from bookings.rules.reasons import Override
from businesses.models import Business, Resource, Service, Staff, User
from rhivo import claims
from rhivo.db.idempotency import Once
from rhivo.db.operation import operation
from rhivo.errors import Forbidden
from rhivo.tokens import guest_token, token_hash


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment, whether this very request made it, and the token by which its guest manages it."""

    appointment: Appointment
    created: bool
    cancellation_token: str | None


@with_alternatives
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
    places: int = 1,
    resources: Sequence[Resource] = (),
    notes: str = "",
    overrides: Sequence[Override] = (),
) -> Booked:
    """Book by staff for someone on the phone or at the door; overrides are recorded with the booking.

    `resources` are those that staff pick; of other kinds the rules choose. Limits per customer do not bind staff.
    Raises Forbidden to all but the people at work there, ResourceNotNeeded, and otherwise what `hold_slot` and
    `commit_hold` raise.
    """
    acting = claims.current()
    if not acting.works_here or acting.business_id != business.id:
        raise Forbidden("Only the people at work there book for a customer.")
    overrides = sorted(set(overrides))
    once = Once.of(
        *(key, service.id, start.timestamp(), staff.id if staff else None, asdict(contact), notes, overrides, places),
        sorted(str(resource.id) for resource in resources),
    )
    if (made := once.made("appointment_of_key", business.id)) is not None:
        return Booked(Appointment.objects.get(pk=made), created=False, cancellation_token=None)
    require_bookable(service, places)
    require_needed(service, resources)
    known = reachable_contact(business, contact)
    wanted = WantedStart(
        business=business, service=service, start=start, at=at, staff=staff, places=places, resources=resources
    )
    with wanted.chosen(overrides) as chosen:
        part = {"staff_id": chosen.staff_id, "resource_ids": chosen.resource_ids, "starts_at": start, "places": places}
        [appointment] = create_appointments(
            business, once, known, [{"service": service, **part}], notes=notes, overrides=overrides
        )
    enqueue_for_customer(appointment, "confirmed")
    return Booked(appointment, created=True, cancellation_token=None)


def create_appointments(
    business: Business,
    once: Once,
    contact: Contact,
    parts: Sequence[dict[str, Any]],
    *,
    customer: User | None = None,
    **fields: Any,
) -> list[Appointment]:
    """Write the parts of a visit by one statement; triggers fill in the agreed terms and occupy the time.

    `parts` are the fields in which they differ, in order. A booking of one service is a visit of one part.
    """
    ids = [uuid4() for _ in parts]
    # Who has an account needs no token. Any other visit has one, also when staff book: it is in the mail's link.
    reservation = parts[0].get("reservation")
    token = "" if customer else guest_token(reservation.id if reservation else ids[0])
    rows = [
        Appointment(
            id=id_,
            visit_id=ids[0],
            part=number,
            business=business,
            customer=customer,
            customer_name=contact.name,
            customer_email=contact.email,
            customer_phone=contact.phone,
            cancellation_token_hash=token and token_hash(token),
            # One key for the visit: a retried request finds its first part.
            idempotency_key=once.key if number == 1 else None,
            request_fingerprint=once.fingerprint,
            **fields,
            **part,
        )
        for number, (id_, part) in enumerate(zip(ids, parts, strict=True), 1)
    ]
    return Appointment.objects.bulk_create(rows)
