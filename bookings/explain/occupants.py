"""Who occupied a time, and from when to when: appointments by their history, holds by their own rows.

Each tells the spans that the triggers wrote for it: of its service, its person, its rooms.

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
from bookings.rules.hours import EPOCH, Span, epoch_minute
from bookings.rules.slots import OccupiedSpan, class_key_of
from businesses.models import Business, Resource, Service, Staff

LONGEST = timedelta(hours=24 + 8)  # the database lets a booking last 24 hours, with 8 of buffer to each side
MADE_AHEAD = timedelta(days=740)  # the furthest advance that a business may set is 730 days
OCCUPYING = (
    *("service_id", "staff_id", "resource_ids", "places", "starts_at", "ends_at"),
    *("buffer_before_minutes", "buffer_after_minutes", "processing_after_minutes", "processing_minutes"),
)


@dataclass(frozen=True, slots=True)
class Occupant:
    """A hold, or an appointment as it was between two changes, that took its time from `since` to before `until`.

    `until` is None for an appointment that still does, and ahead for a live hold. `entries` say how an appointment took
    the time and freed it; a hold has none. `rooms` are the names of its resources.
    """

    source: Appointment | Reservation
    since: datetime
    until: datetime | None
    rooms: tuple[str, ...]
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

    @property
    def resource_ids(self) -> tuple[UUID, ...]:
        # A snapshot is JSON, which has no ids but text.
        return tuple(UUID(str(resource)) for resource in self.source.resource_ids)

    def spans(self) -> list[OccupiedSpan]:
        """Return it as slot search counts it: its places, its person's time, and each of its resources."""
        source, resources = self.source, self.resource_ids
        # As `occupy_time()` in SQL: one key for a class, so that its bookings may share person and rooms.
        is_class = source.service.is_group and (source.staff_id is not None or resources)
        key = class_key_of(source.service_id, source.starts_at) if is_class else None
        whole = epoch_minute(self.begins), epoch_minute(self.ends)
        working = working_spans(
            whole, epoch_minute(source.starts_at), source.processing_after_minutes, source.processing_minutes
        )
        person = source.staff_id if len(working) == 1 else None
        found = [OccupiedSpan(source.service_id, person, key, *whole, None, source.places)]
        if person is None and source.staff_id is not None:
            found += [
                OccupiedSpan(source.service_id, source.staff_id, key, *part, None, 0, number > 0)
                for number, part in enumerate(working)
            ]
        return [*found, *(OccupiedSpan(source.service_id, None, key, *whole, room, 0) for room in resources)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a booking would take: all of `whole` of its service and a room, and `working` of a person.

    `people` and `resources` are those who might serve it.
    """

    service: Service
    people: Collection[UUID]
    resources: Collection[UUID]
    whole: Span
    working: tuple[Span, ...]

    def meets(self, one: Occupant) -> bool:
        """Tell whether something has some of the service, of one of the people, or of one of the resources."""
        return any(
            (span.service_id == self.service.id and span.places > 0 and _overlap(span, self.whole))
            or self.meets_person(span, self.people)
            or self.meets_resource(span, self.resources)
            for span in one.spans()
        )

    def meets_person(self, span: OccupiedSpan, people: Collection[UUID]) -> bool:
        return span.staff_id in people and any(_overlap(span, part) for part in self.working)

    def meets_resource(self, span: OccupiedSpan, resources: Collection[UUID]) -> bool:
        return span.resource_id in resources and _overlap(span, self.whole)


def working_spans(whole: Span, start: int, processing_after: int, processing: int) -> tuple[Span, ...]:
    """Return the time that a booking takes of its person: all that it occupies but the processing time."""
    gap = start + processing_after
    return ((whole[0], gap), (gap + processing, whole[1])) if processing else (whole,)


def _overlap(span: OccupiedSpan, other: Span) -> bool:
    return span.begins < other[1] and other[0] < span.ends


def occupants_within(business: Business, wanted: Wanted, resources: Mapping[UUID, Resource]) -> list[Occupant]:
    """Return all that ever occupied some of what is wanted, the oldest first; `resources` are the business's."""
    begins, ends = (EPOCH + timedelta(minutes=minute) for minute in wanted.whole)
    near = (begins - LONGEST, ends + LONGEST)
    theirs = Q(service_id=wanted.service.id) | Q(staff_id__in=wanted.people)
    theirs |= Q(resource_ids__overlap=list(wanted.resources))
    rows = Q(theirs, business=business, starts_at__range=near)
    # A hold comes before the appointment that it became: both may have been written in one instant.
    found = [*_holds(business, rows, resources), *_appointments(business, rows, near, resources)]
    return sorted(filter(wanted.meets, found), key=lambda one: one.since)


def _rooms(source: Appointment | Reservation, resources: Mapping[UUID, Resource]) -> tuple[str, ...]:
    known = (resources.get(UUID(str(resource))) for resource in source.resource_ids)
    return tuple(room.name if room else "a room that is gone" for room in known)


def _holds(business: Business, rows: Q, resources: Mapping[UUID, Resource]) -> Iterator[Occupant]:
    booked = Appointment.objects.filter(business=business, reservation_id=OuterRef("id")).values("created_at")
    holds = Reservation.objects.filter(rows).select_related("staff", "service").annotate(booked_at=Subquery(booked))
    for hold in holds:
        until = hold.booked_at or hold.expires_at  # type: ignore[attr-defined]
        yield Occupant(hold, hold.created_at, until, _rooms(hold, resources))


def _appointments(
    business: Business, rows: Q, near: tuple[datetime, datetime], resources: Mapping[UUID, Resource]
) -> Iterator[Occupant]:
    there = Appointment.objects.filter(rows).values_list("id", flat=True)
    history = AuditLog.objects.filter(business_id=business.id, entity=ENTITY)
    # What was rescheduled or deleted has no row at that time any more: only its history knows that it was there.
    gone = history.filter(action__in=["rescheduled", "deleted"], at__gte=near[0] - MADE_AHEAD)
    gone = gone.annotate(was_at=Cast(KT("before__starts_at"), DateTimeField())).filter(was_at__range=near)
    entries = history.filter(entity_id__in={*there, *gone.values_list("entity_id", flat=True)})
    people = Staff.objects.filter(business=business).in_bulk()
    # Which services are classes: it counts for the people and rooms that they share.
    services = Service.objects.filter(business=business).in_bulk()
    for _, one in groupby(entries.order_by("entity_id", "id"), lambda entry: entry.entity_id):
        for was, since, until, changes in _states(one, business, services, people):
            yield Occupant(was, since, until, _rooms(was, resources), changes)


State = tuple[Appointment, datetime, datetime | None, tuple[AuditLog, ...]]


def _states(
    history: Iterator[AuditLog], business: Business, services: Mapping[UUID, Service], people: Mapping[UUID, Staff]
) -> Iterator[State]:
    """Yield the times that one appointment occupied, one after the other, with since when and until when."""
    changes = [(occupied, next(entries)) for occupied, entries in groupby(history, _occupied)]
    for (occupied, began), (_, ended) in pairwise([*changes, (None, None)]):
        if occupied is None or began is None:
            continue
        was = appointment_as_it_was(began.after or {}, business, services, people)
        # A new appointment begins where its hold ends, so that nothing looks free in between; its entry is later.
        since = was.created_at if began.before is None else began.at
        yield was, since, ended.at if ended else None, (began, ended) if ended else (began,)


def _occupied(entry: AuditLog) -> tuple[Any, ...] | None:
    """Return what an appointment occupies after an entry, None for nothing."""
    if entry.after is None or entry.after["status"] == "canceled":
        return None
    return tuple(entry.after[name] for name in OCCUPYING)
