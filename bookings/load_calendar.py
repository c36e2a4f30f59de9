"""Load from the database what the pure rules ask for: hours, people and occupancy.

Reads under whatever claims are in force; decides nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.models import Appointment
from bookings.rules.hours import MINUTES_A_DAY
from bookings.rules.slots import (
    Calendar,
    DateException,
    Hours,
    OccupiedSpan,
    Person,
    Resource,
    Rules,
    ServiceTerms,
    WeeklyWindow,
)
from bookings.rules.visits import VisitCalendar
from businesses.models import Business, Service, Staff
from businesses.models import Resource as KnownResource


class Assigned(NamedTuple):
    """Someone who does a service, active or not."""

    id: UUID
    name: str
    is_active: bool
    capacity: int


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who does a service, and what it uses: the kinds that it needs, and the active resources of these kinds."""

    people: tuple[Assigned, ...]
    needs: tuple[str, ...]
    resources: tuple[Resource, ...]


def terms_of(service: Service, *, has_staff: bool, needs: tuple[str, ...] = ()) -> ServiceTerms:
    """Return what a service asks of a slot today."""
    # As `capacity_of()` in SQL: without a number, people and resources are the limit, and what needs neither takes one.
    is_bounded = has_staff or bool(needs)
    return ServiceTerms(
        id=service.id,
        duration_minutes=service.duration_minutes,
        buffer_before_minutes=service.buffer_before_minutes,
        buffer_after_minutes=service.buffer_after_minutes,
        capacity=service.max_simultaneous_bookings or (None if is_bounded else 1),
        is_group=service.is_group,
        has_staff=has_staff,
        processing_after_minutes=service.processing_after_minutes,
        processing_minutes=service.processing_minutes,
        needs=needs,
    )


def agreed_terms(appointment: Appointment, terms: ServiceTerms) -> ServiceTerms:
    """Return the terms of a service with the length, buffers and processing time that an appointment agreed."""
    minutes = int((appointment.ends_at - appointment.starts_at).total_seconds()) // 60
    return replace(
        terms,
        duration_minutes=minutes,
        buffer_before_minutes=appointment.buffer_before_minutes,
        buffer_after_minutes=appointment.buffer_after_minutes,
        processing_after_minutes=appointment.processing_after_minutes,
        processing_minutes=appointment.processing_minutes,
    )


def calendar(
    business: Business,
    service: Service,
    *,
    first: datetime,
    last: datetime,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
    places: int = 1,
    resources: Collection[KnownResource] = (),
) -> Calendar:
    """Return the calendar of a service between two instants, for one staff member or any.

    Whoever asks for a person is offered that person or nothing, also of a service that needs nobody in particular.
    `rescheduling` is the appointment that gets a new time: its own span counts as free. Within its service its agreed
    terms apply. Of the kinds of `resources`, these alone are offered; of any other kind, all.
    """
    subjects = subjects_of(business, service)
    usable = _of_these(subjects.resources, resources)
    people = [person for person in subjects.people if person.is_active and (staff is None or staff.id == person.id)]
    own_hours = hours_of(business, people)
    terms = terms_of(service, has_staff=bool(subjects.people) or staff is not None, needs=subjects.needs)
    if rescheduling is not None and rescheduling.service_id == service.id:
        terms = agreed_terms(rescheduling, terms)
    return Calendar(
        rules=Rules(
            zone=business.zone,
            slot_interval_minutes=service.slot_interval_minutes or business.slot_interval_minutes,
            min_notice_minutes=business.min_notice_minutes,
            max_advance_days=business.max_advance_days,
        ),
        hours=own_hours[None],
        service=terms,
        people=[Person(person.id, person.name, own_hours[person.id], person.capacity) for person in people],
        spans=_spans(business, terms, people, usable, first, last, at, rescheduling),
        resources=usable,
        places=places,
    )


def calendar_of_days(
    business: Business,
    service: Service,
    *,
    first: date,
    last: date,
    at: datetime,
    staff: Staff | None = None,
    rescheduling: Appointment | None = None,
    places: int = 1,
    resources: Collection[KnownResource] = (),
) -> Calendar:
    """Return the calendar that covers a range of the business's local days, both included."""
    # Adding a day to local time gives the next local midnight, also when the clocks change in between.
    midnight = datetime.min.time()
    return calendar(
        business,
        service,
        first=datetime.combine(_with_room(first), midnight, business.zone),
        last=datetime.combine(_with_room(last), midnight, business.zone) + timedelta(days=1),
        at=at,
        staff=staff,
        rescheduling=rescheduling,
        places=places,
        resources=resources,
    )


@dataclass(frozen=True, slots=True)
class WantedPart:
    """A service of a visit, and who is asked for; `staff` None is anyone."""

    service: Service
    staff: Staff | None = None


def visit_calendar(
    business: Business,
    parts: Sequence[WantedPart],
    *,
    first: date,
    last: date,
    at: datetime,
    same_staff: bool = False,
) -> VisitCalendar:
    """Return the calendar of a visit that begins on one of the business's local days, both included."""
    # A part may begin after midnight of the last day: as much later as all parts and all waits take.
    length = sum(part.service.duration_minutes + business.max_wait_minutes for part in parts)
    days_more = timedelta(days=-(-length // MINUTES_A_DAY))
    known: dict[tuple[UUID, UUID | None], Calendar] = {}
    for part in parts:
        asked = (part.service.id, part.staff.id if part.staff else None)
        if asked not in known:
            known[asked] = calendar_of_days(
                business, part.service, first=first, last=last + days_more, at=at, staff=part.staff
            )
    calendars = [known[part.service.id, part.staff.id if part.staff else None] for part in parts]
    return VisitCalendar(calendars, max_wait=business.max_wait_minutes, same_staff=same_staff)


def slugs_of_staff(business: Business) -> dict[UUID, str]:
    """Return the slug of every person, assigned to a service or not."""
    # A class keeps the person who gives it, also one who does not do the service any more.
    return dict(_rows("SELECT id, slug FROM staff WHERE business_id = %s", [business.id]))


def subjects_of(business: Business, service: Service) -> Subjects:
    """Return who does a service and what it uses, in one query."""
    # A kind without an active resource comes with an empty row: it is needed all the same.
    found = _rows(
        "SELECT s.id, s.name, s.is_active, s.max_simultaneous_bookings, NULL FROM staff s"
        " JOIN service_staff a ON a.business_id = s.business_id AND a.staff_id = s.id"
        " WHERE a.business_id = %s AND a.service_id = %s"
        " UNION ALL"
        " SELECT r.id, r.name, r.is_active, r.max_simultaneous_bookings, n.kind FROM service_resources n"
        " LEFT JOIN resources r ON r.business_id = n.business_id AND r.kind = n.kind AND r.is_active"
        " WHERE n.business_id = %s AND n.service_id = %s",
        [business.id, service.id, business.id, service.id],
    )
    return Subjects(
        people=tuple(Assigned(*row[:4]) for row in found if row[4] is None),
        needs=tuple(sorted({row[4] for row in found if row[4] is not None})),
        resources=tuple(Resource(row[0], row[1], row[4], row[3]) for row in found if row[4] is not None and row[0]),
    )


def _of_these(active: Sequence[Resource], asked: Collection[KnownResource]) -> Sequence[Resource]:
    # One that is asked for and switched off leaves nothing of its kind: no other takes its place unasked.
    ids, kinds = {resource.id for resource in asked}, {resource.kind for resource in asked}
    return [resource for resource in active if resource.id in ids or resource.kind not in kinds] if asked else active


def local_day(start: datetime, zone: ZoneInfo) -> date:
    """Return the local date of an instant, at the ends of what a date can say one nearby."""
    return start.astimezone(zone).date() if MINYEAR < start.year < MAXYEAR else _with_room(start.date())


def _with_room(day: date) -> date:
    """Return the nearest date around which zones and durations can be added."""
    # Anybody may ask for the year 9999. A datetime ends there, and adding an hour would be an OverflowError.
    return min(max(day, date(MINYEAR + 1, 1, 1)), date(MAXYEAR - 1, 12, 31))


def hours_of(business: Business, people: Iterable[Assigned | Staff]) -> dict[UUID | None, Hours]:
    """Return the hours of the business (under None) and of each person."""
    weekly: dict[UUID | None, list[WeeklyWindow]] = defaultdict(list)
    exceptions: dict[UUID | None, list[DateException]] = defaultdict(list)
    # One query for all of them: a business has a few dozen rows, and each round trip costs more than reading them.
    found = _rows(
        "SELECT staff_id, weekday, first_date, last_date, opens, closes FROM availability WHERE business_id = %s",
        [business.id],
    )
    for staff_id, weekday, first, last, opens, closes in found:
        if weekday is not None:
            weekly[staff_id].append(WeeklyWindow(weekday, opens, closes))
        else:
            exceptions[staff_id].append(DateException(first, last, opens, closes))
    owners: Iterable[UUID | None] = (None, *(person.id for person in people))
    return {owner: Hours(tuple(weekly[owner]), tuple(exceptions[owner])) for owner in owners}


def _spans(
    business: Business,
    terms: ServiceTerms,
    people: Sequence[Assigned],
    resources: Sequence[Resource],
    first: datetime,
    last: datetime,
    at: datetime,
    rescheduling: Appointment | None,
) -> list[OccupiedSpan]:
    """Return what overlaps the time that a booking with a start between two instants could occupy."""
    first -= timedelta(minutes=terms.buffer_before_minutes)
    last += timedelta(minutes=terms.duration_minutes + terms.buffer_after_minutes)
    found = _rows(
        "SELECT service_id, staff_id, resource_id, class_key, places, continues, begins, ends"
        " FROM live_occupancy(%s, %s, %s, %s, tstzrange(%s, %s), %s, %s)",
        [
            business.id,
            terms.id,
            [person.id for person in people],
            [resource.id for resource in resources],
            first,
            last,
            at,
            rescheduling.id if rescheduling else None,
        ],
    )
    return [
        OccupiedSpan(service_id, staff_id, class_key, begin, end, resource_id, places, continues)
        for service_id, staff_id, resource_id, class_key, places, continues, begins, ends in found
        for begin, end in zip(begins, ends, strict=True)
    ]


def _rows(query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    # In SQL, since every search and hold asks this, and the ORM takes longer to build it than PostgreSQL to answer.
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
