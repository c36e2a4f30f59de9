"""Holding several services in one go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection

from bookings.errors import PartsInvalid, SlotUnavailable, refusal
from bookings.load_calendar import WantedPart, local_day, visit_calendar
from bookings.models import Reservation
from bookings.operations.choose_slot import days_around, require_bookable, with_alternatives
from bookings.operations.hold import Held, find_hold
from bookings.rules.reasons import Reason
from bookings.rules.visits import Part, VisitCalendar
from businesses.models import Business
from rhivo import claims
from rhivo.db.constraints import refusals
from rhivo.db.idempotency import Once
from rhivo.db.operation import operation

MOST_PARTS = 5


@with_alternatives
@operation
def hold_visit(
    *,
    business: Business,
    parts: Sequence[WantedPart],
    start: datetime,
    key: str,
    at: datetime,
    same_staff: bool = False,
    visitor: str = "",
) -> Held:
    """Hold one to five services, one after the other, from a start on: all of them or none.

    The first part stands for the visit: it carries the key, and its id is what a visitor presents. Raises what
    `hold_slot` raises, and PartsInvalid. `start` is aware; `same_staff` asks for one person for all parts.
    """
    customer_id = claims.current().user_id
    asked = [(part.service.id, part.staff.id if part.staff else None) for part in parts]
    once = Once.of(key, asked, start.timestamp(), same_staff, customer_id)
    if (made := once.made("hold_of_key", business.id)) is not None:
        return Held(find_hold(business=business, reservation_id=made), created=False)
    _require_parts(parts)
    wanted = WantedVisit(business=business, parts=parts, start=start, at=at, same_staff=same_staff)
    with wanted.chosen() as chosen:
        first = _create_holds(once, parts, chosen, business=business, customer_id=customer_id, visitor=visitor, at=at)
    return Held(first, created=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVisit:
    """A start of a visit at the present `at`; see `WantedStart`, which is the same for one service."""

    business: Business
    parts: Sequence[WantedPart]
    start: datetime
    at: datetime
    same_staff: bool = False

    @contextmanager
    def chosen(self) -> Iterator[tuple[Part, ...]]:
        """Judge the start, and yield who does what where; write in the block. Raises as `WantedStart.chosen` does."""
        try:
            day = local_day(self.start, self.business.zone)
            found = self._calendar(day, day).judge(self.start, at=self.at)
            if isinstance(found, Reason):
                raise refusal(found)
            with refusals():
                yield found
        except SlotUnavailable as error:
            error.nearest = self.nearest
            raise

    def nearest(self) -> list[datetime]:
        """Return up to three free starts nearest to this one, in the business's zone."""
        days = days_around(self.start, self.at, self.business.zone)
        if not days:
            return []
        calendar = self._calendar(days[0], days[-1])
        free = [parts[0].start for day in days for parts in calendar.starts(day, at=self.at)]
        nearest = sorted((abs(other - self.start), other) for other in free if other != self.start)[:3]
        return [other.astimezone(self.business.zone) for _, other in nearest]

    def _calendar(self, first: date, last: date) -> VisitCalendar:
        return visit_calendar(self.business, self.parts, first=first, last=last, at=self.at, same_staff=self.same_staff)


def _require_parts(parts: Sequence[WantedPart]) -> None:
    if not 1 <= len(parts) <= MOST_PARTS or any(part.service.is_group for part in parts):
        raise PartsInvalid()
    for part in parts:
        require_bookable(part.service)


def _create_holds(
    once: Once,
    wanted: Sequence[WantedPart],
    chosen: Sequence[Part],
    *,
    business: Business,
    customer_id: UUID | None,
    visitor: str,
    at: datetime,
) -> Reservation:
    """Write the parts of a visit by one statement, and return the first."""
    visit_id = uuid4()
    claims.assume(claims.current().with_(reservation_id=visit_id))
    lock_subjects(business, wanted, chosen)
    rows = [
        Reservation(
            id=visit_id if number == 1 else uuid4(),
            visit_id=visit_id,
            part=number,
            business=business,
            service=asked.service,
            staff_id=part.staff_id,
            resource_ids=list(part.resources),
            joined_before=part.joined_before,
            joined_after=part.joined_after,
            customer_id=customer_id,
            visitor=visitor,
            starts_at=part.start,
            expires_at=at + timedelta(minutes=business.hold_minutes),
            # One key for the visit: a retried request finds its first part.
            idempotency_key=once.key if number == 1 else None,
            request_fingerprint=once.fingerprint,
        )
        for number, (asked, part) in enumerate(zip(wanted, chosen, strict=True), 1)
    ]
    return Reservation.objects.bulk_create(rows)[0]


def lock_subjects(business: Business, wanted: Sequence[WantedPart], chosen: Sequence[Part]) -> None:
    """Lock all that several parts take, in the order in which every booking locks."""
    # Part by part, two visits could lock each other out: one has Anna and waits for Bob, the other the reverse.
    if len(chosen) == 1:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lock_subjects(%s, %s, %s, %s)",
            [
                business.id,
                [part.service.id for part in wanted],
                [part.staff_id for part in chosen if part.staff_id],
                [resource for part in chosen for resource in part.resources],
            ],
        )
