"""Occupancy: the time that live holds and appointments take from a service, from people and from resources.

It answers how many run at once and who is free, in whole minutes since the epoch. Which spans are live is left to the
caller, and buffers are already inside each span.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID


class OccupiedSpan(NamedTuple):
    """One live span `[begins, ends)` in minutes since the epoch, buffers included, on the 5-minute grain.

    `class_key` is None but for a class. `places` are those of its service, 0 where the span is of a person or resource
    alone. `continues`: a person's time after processing time, which is no booking of its own.
    """

    # A tuple of numbers, since a busy month has thousands of them and datetimes would be most of a search's time.
    service_id: UUID
    staff_id: UUID | None
    class_key: UUID | None
    begins: int
    ends: int
    resource_id: UUID | None = None
    places: int = 1
    continues: bool = False


def class_key_of(service_id: UUID, start: datetime) -> UUID:
    """Return the key of the class that every booking of a group service at this start belongs to.

    For a start in whole seconds, equals what PostgreSQL computes as
    `md5(service_id::text || ' ' || extract(epoch from start)::bigint::text)::uuid`.
    """
    return UUID(int=class_key_number(str(service_id), int(start.timestamp())))


def class_key_number(service_id: str, start_seconds: int) -> int:
    """Return `class_key_of` as a bare number, for a search that asks it of every slot."""
    text = f"{service_id} {start_seconds}".encode()
    # PostgreSQL 15 has md5 without an extension. It hides nothing here, and a FIPS build refuses it unless told so.
    return int.from_bytes(hashlib.md5(text, usedforsecurity=False).digest())


class Levels:
    """How many places are taken at once, as a step function of time."""

    def __init__(self, taken: Iterable[tuple[int, int, int]]) -> None:
        """Take triples: from, to, and how many places."""
        changes: defaultdict[int, int] = defaultdict(int)
        for begins, ends, places in taken:
            # An end and a start at the same minute cancel out: bookings back to back are never two at once.
            changes[begins] += places
            changes[ends] -= places
        self._times = sorted(changes)
        self._levels = list(accumulate(changes[time] for time in self._times))

    def peak(self, begins: int, ends: int) -> int:
        """Return the most places that are taken at one moment of `[begins, ends)`."""
        # The level in force as the range begins was set by the last step up to then, hence the one before.
        first = max(bisect_right(self._times, begins) - 1, 0)
        return max(self._levels[first : bisect_left(self._times, ends, first)], default=0)

    def full(self, capacity: int, begins: int, ends: int) -> int:
        """Return the minutes of a range in which all of a capacity is taken; bit n is begins + n."""
        bits = 0
        for start, end, level in zip(self._times, self._times[1:], self._levels, strict=False):
            first, last = max(start, begins), min(end, ends)
            if level >= capacity and first < last:
                bits |= (1 << (last - begins)) - (1 << (first - begins))
        return bits


class Diary:
    """The spans of one person or resource, across all services, and how many of them may run at once."""

    def __init__(self, spans: Sequence[OccupiedSpan], capacity: int) -> None:
        self.capacity = capacity
        self._spans = spans
        # Each list in its own order. Paired up so, they cover the same time as the spans do, and positions count how
        # many have begun and how many are over.
        self._begins = sorted([span.begins for span in spans])
        self._ends = sorted([span.ends for span in spans])

    def begun(self, begins: int, ends: int) -> int:
        """Return how many bookings begin in `[begins, ends)`."""
        count = bisect_left(self._begins, ends) - bisect_left(self._begins, begins)
        return count - sum(begins <= begin < ends for begin in self._continuations)

    def taken(self, begins: int, ends: int) -> int:
        """Return the minutes of a range in which nothing more can be taken; bit n is begins + n."""
        if self.capacity > 1:
            return self._uses.full(self.capacity, begins, ends)
        first, last = bisect_right(self._ends, begins), bisect_left(self._begins, ends)
        if first >= last:
            return 0
        # A span may begin before the range, where there are no bits: count from its beginning, and shift at the end.
        origin = min(begins, self._begins[first])
        bits = 0
        for begin, end in zip(self._begins[first:last], self._ends[first:last], strict=True):
            bits |= (1 << (end - origin)) - (1 << (begin - origin))
        return bits >> (begins - origin)

    def spare(self, begins: int, ends: int) -> int:
        """Return how many more can be taken during all of `[begins, ends)`."""
        if self.capacity > 1:
            return max(self.capacity - self._uses.peak(begins, ends), 0)
        return 0 if bisect_left(self._begins, ends) > bisect_right(self._ends, begins) else 1

    def is_free_but_for(self, class_key: int, begins: int, ends: int) -> bool:
        """Tell whether a class has what it takes here in `[begins, ends)`, whatever else is in the diary."""
        others = [span for span in self._spans if span.class_key is None or span.class_key.int != class_key]
        return Diary(others, self.capacity).spare(begins, ends) > 0

    @cached_property
    def _continuations(self) -> list[int]:
        return [span.begins for span in self._spans if span.continues]

    @cached_property
    def _uses(self) -> Levels:
        """The spans, those of one class as one: they all contain its start, so together they are one range."""
        classes: dict[int, tuple[int, int, int]] = {}
        uses = []
        for span in self._spans:
            if span.class_key is None:
                uses.append((span.begins, span.ends, 1))
            else:
                begins, ends, _ = classes.get(span.class_key.int, (span.begins, span.ends, 1))
                classes[span.class_key.int] = (min(begins, span.begins), max(ends, span.ends), 1)
        return Levels([*uses, *classes.values()])


class HostedClass(NamedTuple):
    """Who gives a class, None for nobody, and where."""

    key: int
    host: UUID | None
    resources: frozenset[UUID]


class Occupancy:
    """The spans that one service has to respect: its own, and those of its people and resources in any service."""

    def __init__(self, service_id: UUID, spans: Iterable[OccupiedSpan]) -> None:
        service = service_id.int  # UUIDs compare slowly, and this runs once a span
        self._own: list[OccupiedSpan] = []
        self._subjects: defaultdict[int, list[OccupiedSpan]] = defaultdict(list)
        for span in spans:
            if span.service_id.int == service:
                self._own.append(span)
            if span.staff_id is not None:
                self._subjects[span.staff_id.int].append(span)
            if span.resource_id is not None:
                self._subjects[span.resource_id.int].append(span)
        self._levels = Levels([(span.begins, span.ends, span.places) for span in self._own if span.places])

    def peak(self, begins: int, ends: int) -> int:
        """Return the most places of the service that are taken at one moment of `[begins, ends)`."""
        return self._levels.peak(begins, ends)

    def diary(self, subject_id: UUID, capacity: int = 1) -> Diary:
        """Return the diary of a person or resource, empty for one without spans."""
        return Diary(self._subjects.get(subject_id.int, ()), capacity)

    def class_of(self, class_key: int) -> HostedClass | None:
        """Return the class of this key, None while nobody is booked for it."""
        return self._classes.get(class_key)

    @cached_property
    def _classes(self) -> dict[int, HostedClass]:
        """The classes of the service: only group services ask."""
        # Any booking stands for all: the database keeps a class to one person and its rooms (`check_class`).
        classes: dict[int, HostedClass] = {}
        for span in self._own:
            if span.class_key is not None:
                known = classes.get(span.class_key.int, HostedClass(span.class_key.int, None, frozenset()))
                resources = known.resources if span.resource_id is None else known.resources | {span.resource_id}
                classes[span.class_key.int] = HostedClass(known.key, span.staff_id or known.host, resources)
        return classes
