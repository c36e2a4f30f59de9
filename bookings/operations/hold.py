"""Holding a slot, and finding the hold that a visitor presents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from bookings.errors import HoldExpired
from bookings.models import Reservation, ReservationStatus
from bookings.operations.choose_slot import WantedStart, require_bookable, with_alternatives
from businesses.models import Business, Service, Staff
from rhivo import claims
from rhivo.db.idempotency import Once
from rhivo.db.operation import operation
from rhivo.errors import NotFound


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, and whether this very request made it."""

    reservation: Reservation
    created: bool


@with_alternatives
@operation
def hold_slot(
    *,
    business: Business,
    service: Service,
    start: datetime,
    key: str,
    at: datetime,
    staff: Staff | None = None,
    places: int = 1,
    visitor: str = "",
) -> Held:
    """Hold a slot for some minutes; the same key with the same request gives the same hold.

    `start` is aware; `staff` None means anyone; `places` are more than one in a class alone.
    `visitor` is a mark of who asks, '' is not limited. Raises the
    refusal of slot search, or SlotUnavailable with `alternatives` when the place is gone, also in a race.
    """
    customer_id = claims.current().user_id
    once = Once.of(key, service.id, start.timestamp(), staff.id if staff else None, customer_id, places)
    # Waits under the lock of the key for a twin of this request: twenty at once make one hold.
    if (made := once.made("hold_of_key", business.id)) is not None:
        return Held(find_hold(business=business, reservation_id=made), created=False)
    require_bookable(service, places)
    wanted = WantedStart(business=business, service=service, start=start, at=at, staff=staff, places=places)
    with wanted.chosen() as chosen:
        reservation = _create_hold(
            once,
            business=business,
            service=service,
            staff_id=chosen.staff_id,
            resource_ids=chosen.resource_ids,
            places=places,
            customer_id=customer_id,
            visitor=visitor,
            starts_at=start,
            expires_at=at + timedelta(minutes=business.hold_minutes),
        )
    if staff is not None:
        reservation.staff = staff
    return Held(reservation, created=True)


def _create_hold(once: Once, **fields: Any) -> Reservation:
    """Write a hold. Terms and price are not sent: the trigger takes them from the service under its lock."""
    # Row security shows a new hold to who presents its id alone, and RETURNING reads the row.
    reservation_id = uuid4()
    claims.assume(claims.current().with_(reservation_id=reservation_id))
    return Reservation.objects.create(
        id=reservation_id,
        idempotency_key=once.key,
        request_fingerprint=once.fingerprint,
        **fields,
    )


def find_hold(*, business: Business, reservation_id: UUID) -> Reservation:
    """Return the hold that a visitor presents, whatever became of it; raises NotFound."""
    claims.assume(claims.current().with_(reservation_id=reservation_id))
    found = Reservation.objects.select_related("service", "staff").filter(business=business, id=reservation_id)
    reservation = found.first()
    if reservation is None:
        raise NotFound("There is no such hold.")
    reservation.business = business
    return reservation


def require_live(reservation: Reservation, *, at: datetime) -> None:
    """Raise HoldExpired unless a hold is live, or has become an appointment."""
    if reservation.status != ReservationStatus.COMMITTED and not reservation.is_live(at):
        raise HoldExpired()
