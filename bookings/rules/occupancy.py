"""Occupancy: the time that live holds and appointments take from a service and from a person.

It answers how many run at once and who is free, in whole minutes since the epoch. Which spans are live is left to the
caller, and buffers are already inside each span.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

_Spans = tuple[list[int], list[int]]  # all the beginnings, all the ends


class OccupiedSpan(NamedTuple):
    """One live span `[begins, ends)` in minutes since the epoch, buffers included, on the 5-minute grain.

    `class_key` matters in a group service only.
    """

    # A tuple of numbers, since a busy month has thousands of them and datetimes would be most of a search's time.
    service_id: UUID
    staff_id: UUID | None
    class_key: UUID | None
    begins: int
    ends: int


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
    """How many spans run at once, as a step function of time."""

    def __init__(self, begins: list[int], ends: list[int]) -> None:
        opened, closed = Counter(begins), Counter(ends)
        self._times = sorted(opened.keys() | closed.keys())
        # An end and a start at the same minute cancel out: bookings back to back are never two at once.
        changes = (opened.get(time, 0) - closed.get(time, 0) for time in self._times)
        self._levels = list(accumulate(changes))

    def peak(self, begins: int, ends: int) -> int:
        """Return the most spans that run at one moment of `[begins, ends)`."""
        # The level in force as the range begins was set by the last step up to then, hence the one before.
        first = max(bisect_right(self._times, begins) - 1, 0)
        return max(self._levels[first : bisect_left(self._times, ends, first)], default=0)


class Diary:
    """One person's spans, across all services."""

    def __init__(self, begins: list[int], ends: list[int]) -> None:
        # Each list in its own order. Paired up so, they cover the same time as the spans do, and positions count how
        # many have begun and how many are over.
        self._begins, self._ends = sorted(begins), sorted(ends)

    def begun(self, begins: int, ends: int) -> int:
        """Return how many spans begin in `[begins, ends)`."""
        return bisect_left(self._begins, ends) - bisect_left(self._begins, begins)

    def overlapping(self, begins: int, ends: int) -> int:
        """Return how many spans overlap `[begins, ends)`."""
        return bisect_left(self._begins, ends) - bisect_right(self._ends, begins)

    def taken(self, begins: int, ends: int) -> int:
        """Return the minutes that spans overlapping `[begins, ends)` take; bit n is begins + n."""
        first, last = bisect_right(self._ends, begins), bisect_left(self._begins, ends)
        if first >= last:
            return 0
        # A span may begin before the range, where there are no bits: count from its beginning, and shift at the end.
        origin = min(begins, self._begins[first])
        bits = 0
        for begin, end in zip(self._begins[first:last], self._ends[first:last], strict=True):
            bits |= (1 << (end - origin)) - (1 << (begin - origin))
        return bits >> (begins - origin)


class Occupancy:
    """The spans that one service has to respect: its own, and its people's in any service."""

    def __init__(self, service_id: UUID, spans: Iterable[OccupiedSpan]) -> None:
        service = service_id.int  # UUIDs compare slowly, and this runs once a span
        self._own: list[OccupiedSpan] = []
        mine: _Spans = ([], [])
        people: defaultdict[int, _Spans] = defaultdict(lambda: ([], []))
        for span in spans:
            if span.service_id.int == service:
                self._own.append(span)
                mine[0].append(span.begins)
                mine[1].append(span.ends)
            if span.staff_id is not None:
                theirs = people[span.staff_id.int]
                theirs[0].append(span.begins)
                theirs[1].append(span.ends)
        self._levels = Levels(*mine)
        self._diaries = {person: Diary(*spans) for person, spans in people.items()}

    def peak(self, begins: int, ends: int) -> int:
        """Return the most spans of the service that run at one moment of `[begins, ends)`."""
        return self._levels.peak(begins, ends)

    def diary(self, staff_id: UUID) -> Diary:
        """Return the person's diary, empty for someone without spans."""
        return self._diaries.get(staff_id.int) or Diary([], [])

    def host(self, class_key: int) -> UUID | None:
        """Return the person who takes the service's class; None while nobody does."""
        people = self._classes.get(class_key)
        # The first stands for all: the database keeps a class to one person (`one_staff_a_class`).
        return people[0] if people else None

    def is_kept_free(self, class_key: int, begins: int, ends: int) -> bool:
        """Tell whether the class's host has no other span in `[begins, ends)`, which holds the class's start."""
        people = self._classes[class_key]
        host = people[0]
        # Every span of the class overlaps its start: if more overlap than the class has, one is of something else.
        return self.diary(host).overlapping(begins, ends) == people.count(host)

    @cached_property
    def _classes(self) -> dict[int, list[UUID]]:
        """The person of each span of a class: only group services ask."""
        classes: defaultdict[int, list[UUID]] = defaultdict(list)
        for span in self._own:
            if span.class_key is not None and span.staff_id is not None:
                classes[span.class_key.int].append(span.staff_id)
        return classes
