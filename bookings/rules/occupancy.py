"""Claims: the time that live holds and appointments take from a service and from a person.

Answers how many run at once and who is free, in whole minutes since the epoch. Refuses to know
which claims are live: the caller does, and buffers are already inside each claim.
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


class Claim(NamedTuple):
    """One live claim `[begins, ends)` in minutes since the epoch, buffers included, on the 5-minute grain.

    `session` matters in a group service only.

    A busy month has thousands: a tuple of numbers, because datetimes would take most of the time of a search.
    """

    service_id: UUID
    staff_id: UUID | None
    session: UUID | None
    begins: int
    ends: int


def session_of(service_id: UUID, start: datetime) -> UUID:
    """Return the session that every booking of a group service at this start belongs to.

    For a start in whole seconds, equals what PostgreSQL computes as
    `md5(service_id::text || ' ' || extract(epoch from start)::bigint::text)::uuid`.
    """
    return UUID(int=session_number(str(service_id), int(start.timestamp())))


def session_number(service_id: str, start_seconds: int) -> int:
    """Return `session_of` as a bare number, for a search that asks it of every slot."""
    text = f"{service_id} {start_seconds}".encode()
    return int.from_bytes(hashlib.md5(text, usedforsecurity=False).digest())


class Occupancy:
    """How many of a service's claims run at once, as a step function of time."""

    def __init__(self, begins: list[int], ends: list[int]) -> None:
        opened, closed = Counter(begins), Counter(ends)
        self._times = sorted(opened.keys() | closed.keys())
        changes = (opened.get(time, 0) - closed.get(time, 0) for time in self._times)
        self._levels = list(accumulate(changes))

    def peak(self, begins: int, ends: int) -> int:
        """Return the most claims that run at one moment of `[begins, ends)`."""
        first = max(bisect_right(self._times, begins) - 1, 0)
        return max(self._levels[first : bisect_left(self._times, ends, first)], default=0)


class Diary:
    """One person's claims, across all services.

    Beginnings and ends are each kept in order. Paired up in that order they cover the same time as
    the claims do, and their positions tell how many have begun and how many are over.
    """

    def __init__(self, begins: list[int], ends: list[int]) -> None:
        self._begins, self._ends = sorted(begins), sorted(ends)

    def begun(self, begins: int, ends: int) -> int:
        """Return how many claims begin in `[begins, ends)`."""
        return bisect_left(self._begins, ends) - bisect_left(self._begins, begins)

    def overlapping(self, begins: int, ends: int) -> int:
        """Return how many claims overlap `[begins, ends)`."""
        return bisect_left(self._begins, ends) - bisect_right(self._ends, begins)

    def taken(self, begins: int, ends: int) -> int:
        """Return the minutes that claims overlapping `[begins, ends)` take; bit n is begins + n."""
        first, last = bisect_right(self._ends, begins), bisect_left(self._begins, ends)
        if first >= last:
            return 0
        origin = min(begins, self._begins[first])
        bits = 0
        for begin, end in zip(self._begins[first:last], self._ends[first:last], strict=True):
            bits |= (1 << (end - origin)) - (1 << (begin - origin))
        return bits >> (begins - origin)


class Ledger:
    """The claims one service has to respect: its own, and its people's in any service."""

    def __init__(self, service_id: UUID, claims: Iterable[Claim]) -> None:
        service = service_id.int  # comparing UUIDs is slow, and this runs once a claim
        self._own: list[Claim] = []
        mine: _Spans = ([], [])
        people: defaultdict[int, _Spans] = defaultdict(lambda: ([], []))
        for claim in claims:
            if claim.service_id.int == service:
                self._own.append(claim)
                mine[0].append(claim.begins)
                mine[1].append(claim.ends)
            if claim.staff_id is not None:
                theirs = people[claim.staff_id.int]
                theirs[0].append(claim.begins)
                theirs[1].append(claim.ends)
        self.occupancy = Occupancy(*mine)
        self._diaries = {person: Diary(*spans) for person, spans in people.items()}

    def diary(self, staff_id: UUID) -> Diary:
        """Return the person's diary, empty for someone without claims."""
        return self._diaries.get(staff_id.int) or Diary([], [])

    def host(self, session: int) -> UUID | None:
        """Return the person who takes the service's session; None while nobody does."""
        people = self._sessions.get(session)
        return people[0] if people else None

    def is_kept_free(self, session: int, begins: int, ends: int) -> bool:
        """Tell whether the session's host has no other claim in `[begins, ends)`.

        The range holds the session's start, so every claim of the session overlaps it.
        """
        people = self._sessions[session]
        host = people[0]
        return self.diary(host).overlapping(begins, ends) == people.count(host)

    @cached_property
    def _sessions(self) -> dict[int, list[UUID]]:
        """The person of each claim of a session: only group services ask."""
        sessions: defaultdict[int, list[UUID]] = defaultdict(list)
        for claim in self._own:
            if claim.session is not None and claim.staff_id is not None:
                sessions[claim.session.int].append(claim.staff_id)
        return sessions
