"""Claims on time as they came and went: what stood at any past instant, for whoever must explain a refusal later.

Appointments are told by their history, holds by their own rows: a hold that became an appointment is kept, another one
for `KEPT_HOLDS` after it was made. Reads under the claims in force; decides nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from audit.models import AuditLog
from bookings.history.snapshots import ENTITY
from bookings.models import Appointment, Reservation, ReservationStatus
from bookings.operations.expire import KEPT
from bookings.rules.hours import epoch_minute
from bookings.rules.slots import OccupiedSpan, class_key_of
from businesses.models import Business, Service

KEPT_HOLDS = KEPT
LONGEST_BEFORE, LONGEST_AFTER = timedelta(hours=8), timedelta(hours=24 + 8)  # what the database lets a booking span
MADE_AHEAD = timedelta(days=740)  # nothing is booked earlier than the furthest advance before its start


@dataclass(frozen=True, slots=True)
class Stay:
    """One span on `[begins, ends)`, buffers included, that stood from `since` to before `until`; None: it stands.

    Of an appointment `opened` and `closed` are the entries that tell how; a hold has none. Of a live hold `until` is
    ahead.
    """

    source_id: UUID
    reference: str
    customer: str
    service_id: UUID
    service_name: str
    staff_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    begins: datetime
    ends: datetime
    since: datetime
    until: datetime | None
    status: str = ""
    opened: AuditLog | None = None
    closed: AuditLog | None = None

    @property
    def is_hold(self) -> bool:
        return self.opened is None

    def stands(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def span(self, service: Service) -> OccupiedSpan:
        """Return it as slot search counts it."""
        shared = service.is_group and self.staff_id is not None and self.service_id == service.id
        class_key = class_key_of(self.service_id, self.starts_at) if shared else self.source_id
        return OccupiedSpan(
            self.service_id, self.staff_id, class_key, epoch_minute(self.begins), epoch_minute(self.ends)
        )


def stays_within(
    business: Business, service: Service, people: Collection[UUID], begins: datetime, ends: datetime
) -> list[Stay]:
    """Return all that ever occupied some of a time on a service, or of these people for any, the oldest first."""

    def concerns(stay: Stay) -> bool:
        return (stay.service_id == service.id or stay.staff_id in people) and stay.begins < ends and stay.ends > begins

    found = [*_appointments(business, service, people, begins, ends), *_holds(business, service, people, begins, ends)]
    return sorted(filter(concerns, found), key=lambda stay: (stay.since, stay.reference))


def _whose(service: Service, people: Collection[UUID]) -> Q:
    return Q(service_id=service.id) | Q(staff_id__in=list(people))


def _appointments(
    business: Business, service: Service, people: Collection[UUID], begins: datetime, ends: datetime
) -> Iterator[Stay]:
    near = (begins - LONGEST_AFTER, ends + LONGEST_BEFORE)
    there = Appointment.objects.filter(_whose(service, people), business=business, starts_at__range=near)
    ids = {*there.values_list("id", flat=True), *_rescheduled_away(business, near)}
    entries = AuditLog.objects.filter(business_id=business.id, entity=ENTITY, entity_id__in=ids)
    by_appointment: dict[UUID, list[AuditLog]] = {}
    for entry in entries.order_by("id"):
        by_appointment.setdefault(entry.entity_id, []).append(entry)
    for history in by_appointment.values():
        yield from _stays_of(history)


def _rescheduled_away(business: Business, near: tuple[datetime, datetime]) -> list[UUID]:
    """Return the appointments that started within a time before they were rescheduled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT entity_id FROM audit_logs WHERE business_id = %s AND at >= %s AND entity = %s"
            " AND action IN ('rescheduled', 'deleted') AND (before ->> 'starts_at')::timestamptz BETWEEN %s AND %s",
            [business.id, near[0] - MADE_AHEAD, ENTITY, *near],
        )
        return [row[0] for row in cursor.fetchall()]


def _stays_of(history: list[AuditLog]) -> Iterator[Stay]:
    """Yield the times that one appointment occupied, one after the other."""
    opened: AuditLog | None = None
    for entry, following in pairwise([*history, None]):
        assert entry is not None
        opened = opened or (entry if _spans(entry) else None)
        if opened is not None and (following is None or _occupied(following) != _occupied(opened)):
            yield _stay(opened, following)
            opened = None


def _spans(entry: AuditLog) -> bool:
    return entry.after is not None and entry.after["status"] != "canceled"


def _occupied(entry: AuditLog) -> tuple[Any, ...] | None:
    """Return what an appointment spans after an entry, None for nothing."""
    names = ("service_id", "staff_id", "starts_at", "ends_at", "buffer_before_minutes", "buffer_after_minutes")
    return tuple((entry.after or {})[name] for name in names) if _spans(entry) else None


def _stay(opened: AuditLog, closed: AuditLog | None) -> Stay:
    was = opened.after or {}
    starts, ends = (datetime.fromisoformat(was[name]) for name in ("starts_at", "ends_at"))
    is_first = opened.before is None
    return Stay(
        source_id=opened.entity_id,
        reference=was["reference"],
        customer=was["customer_name"],
        service_id=UUID(was["service_id"]),
        service_name=was["service_name"],
        staff_id=UUID(was["staff_id"]) if was["staff_id"] else None,
        starts_at=starts,
        ends_at=ends,
        begins=starts - timedelta(minutes=was["buffer_before_minutes"]),
        ends=ends + timedelta(minutes=was["buffer_after_minutes"]),
        # At the instant at which its hold ends, so that nothing looks free in between.
        since=datetime.fromisoformat(was["created_at"]) if is_first else opened.at,
        until=closed.at if closed else None,
        opened=opened,
        closed=closed,
    )


def _holds(
    business: Business, service: Service, people: Collection[UUID], begins: datetime, ends: datetime
) -> Iterator[Stay]:
    near = (begins - LONGEST_AFTER, ends + LONGEST_BEFORE)
    rows = list(Reservation.objects.filter(_whose(service, people), business=business, starts_at__range=near))
    committed = [row.id for row in rows if row.status == ReservationStatus.COMMITTED]
    made = Appointment.objects.filter(business=business, reservation_id__in=committed)
    booked = dict(made.values_list("reservation_id", "created_at"))
    for row in rows:
        yield Stay(
            source_id=row.id,
            reference="",
            customer="",
            service_id=row.service_id,
            service_name=row.service_name,
            staff_id=row.staff_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            begins=row.starts_at - timedelta(minutes=row.buffer_before_minutes),
            ends=row.ends_at + timedelta(minutes=row.buffer_after_minutes),
            since=row.created_at,
            until=booked.get(row.id, row.expires_at),
            status=row.status,
        )
