"""Who occupied a time, and from when to when: appointments by their history, holds by their own rows.

A hold that became an appointment is kept; any other is deleted `KEPT` after it was made. Reads under the claims in
force and decides nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from audit.models import AuditLog
from bookings.history.snapshots import ENTITY, appointment_as_it_was
from bookings.models import Appointment, Reservation
from bookings.rules.hours import epoch_minute
from bookings.rules.slots import OccupiedSpan, class_key_of
from businesses.models import Business, Service, Staff

LONGEST = timedelta(hours=24 + 8)  # the database lets a booking last 24 hours, with 8 of buffer to each side
MADE_AHEAD = timedelta(days=740)  # the furthest advance that a business may set is 730 days
OCCUPYING = ("service_id", "staff_id", "starts_at", "ends_at", "buffer_before_minutes", "buffer_after_minutes")


@dataclass(frozen=True, slots=True)
class Occupant:
    """A hold, or an appointment as it was between two changes, that took its time from `since` to before `until`.

    `until` is None for an appointment that still does, and ahead for a live hold. `entries` say how an appointment took
    the time and freed it; a hold has none.
    """

    source: Appointment | Reservation
    since: datetime
    until: datetime | None
    entries: tuple[AuditLog, ...] = ()

    @property
    def begins(self) -> datetime:
        """The first instant that it occupies, its buffer included."""
        return self.source.starts_at - timedelta(minutes=self.source.buffer_before_minutes)

    @property
    def ends(self) -> datetime:
        return self.source.ends_at + timedelta(minutes=self.source.buffer_after_minutes)

    def occupies(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def span(self, service: Service) -> OccupiedSpan:
        """Return it as slot search counts it."""
        source = self.source
        # The trigger that writes busy_times gives one key to a class, so that its bookings may share a person.
        shared = service.is_group and source.staff_id is not None and source.service_id == service.id
        class_key = class_key_of(source.service_id, source.starts_at) if shared else source.id
        begins, ends = epoch_minute(self.begins), epoch_minute(self.ends)
        return OccupiedSpan(source.service_id, source.staff_id, class_key, begins, ends)


def occupants_within(
    business: Business, service: Service, people: Collection[UUID], begins: datetime, ends: datetime
) -> list[Occupant]:
    """Return all that ever occupied some of a time on a service, or of these people for any, the oldest first."""
    near = (begins - LONGEST, ends + LONGEST)
    rows = Q(Q(service_id=service.id) | Q(staff_id__in=people), business=business, starts_at__range=near)

    def concerns(one: Occupant) -> bool:
        is_theirs = one.source.service_id == service.id or one.source.staff_id in people
        return is_theirs and one.begins < ends and one.ends > begins

    # A hold comes before the appointment that it became: both may have been written in one instant.
    found = [*_holds(business, rows), *_appointments(business, rows, near)]
    return sorted(filter(concerns, found), key=lambda one: one.since)


def _holds(business: Business, rows: Q) -> Iterator[Occupant]:
    booked = Appointment.objects.filter(business=business, reservation_id=OuterRef("id")).values("created_at")
    for hold in Reservation.objects.filter(rows).select_related("staff").annotate(booked_at=Subquery(booked)):
        yield Occupant(hold, since=hold.created_at, until=hold.booked_at or hold.expires_at)  # type: ignore[attr-defined]


def _appointments(business: Business, rows: Q, near: tuple[datetime, datetime]) -> Iterator[Occupant]:
    there = Appointment.objects.filter(rows).values_list("id", flat=True)
    history = AuditLog.objects.filter(business_id=business.id, entity=ENTITY)
    # What was rescheduled or deleted has no row at that time any more: only its history knows that it was there.
    gone = history.filter(action__in=["rescheduled", "deleted"], at__gte=near[0] - MADE_AHEAD)
    gone = gone.annotate(was_at=Cast(KT("before__starts_at"), DateTimeField())).filter(was_at__range=near)
    entries = history.filter(entity_id__in={*there, *gone.values_list("entity_id", flat=True)})
    people = Staff.objects.filter(business=business).in_bulk()
    for _, one in groupby(entries.order_by("entity_id", "id"), lambda entry: entry.entity_id):
        yield from _states(one, business, people)


def _states(history: Iterator[AuditLog], business: Business, people: Mapping[UUID, Staff]) -> Iterator[Occupant]:
    """Yield the times that one appointment occupied, one after the other."""
    changes = [(occupied, next(entries)) for occupied, entries in groupby(history, _occupied)]
    for (occupied, began), (_, ended) in pairwise([*changes, (None, None)]):
        if occupied is None or began is None:
            continue
        was = appointment_as_it_was(began.after or {}, business, {}, people)
        # A new appointment begins where its hold ends, so that nothing looks free in between; its entry is later.
        since = was.created_at if began.before is None else began.at
        yield Occupant(was, since, ended.at if ended else None, (began, ended) if ended else (began,))


def _occupied(entry: AuditLog) -> tuple[Any, ...] | None:
    """Return what an appointment occupies after an entry, None for nothing."""
    if entry.after is None or entry.after["status"] == "canceled":
        return None
    return tuple(entry.after[name] for name in OCCUPYING)
