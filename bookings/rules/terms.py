"""What a slot search is told and what it answers: the values that travel between the rules and who asks them.

They hold no logic but how much time a booking takes. What is offered is decided in `slots`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.rules.hours import Hours
from bookings.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Rules:
    """What the business sets for all its bookings; a service's own interval comes in here."""

    zone: ZoneInfo
    slot_interval_minutes: int
    min_notice_minutes: int
    max_advance_days: int


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What a slot takes. `has_staff`: people are assigned, even if none is active, or someone is asked for.

    `capacity` None: people and resources are the limit. `needs` are kinds of resource, one of each. The person is free
    for `processing_minutes`, from `processing_after_minutes` after the start.
    """

    id: UUID
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    capacity: int | None
    is_group: bool
    has_staff: bool
    processing_after_minutes: int = 0
    processing_minutes: int = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may take the booking: assigned and active, and the one asked for if any is."""

    id: UUID
    name: str
    hours: Hours
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Resource:
    """A room, chair or machine of a kind that the service needs, active."""

    id: UUID
    name: str
    kind: str
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Slot:
    """One start, in UTC. Offered when `reason` is None; `staff` in the order to try them, one resource of each kind."""

    start: datetime
    end: datetime
    remaining: int
    staff: tuple[UUID, ...]
    reason: Reason | None
    resources: tuple[UUID, ...] = ()


def occupied_time(start: datetime, service: ServiceTerms) -> tuple[datetime, datetime]:
    """Return the half-open time a booking at this start spans, buffers included."""
    before = timedelta(minutes=service.buffer_before_minutes)
    after = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
    return start - before, start + after
