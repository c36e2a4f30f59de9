"""Visits: several services in one go, one after the other, each by somebody and somewhere.

A part begins where the one before ended, or a bounded wait later, at the earliest such start that works. Between two
neighbouring parts of the same person the buffers that meet are left out. Pure, as `slots` is, which says when a service
is open and who works; what the parts of one visit leave each other is decided here. Classes are no parts: they have
starts of their own.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from bookings.rules.hours import EPOCH
from bookings.rules.occupancy import Diary
from bookings.rules.reasons import Reason
from bookings.rules.slots import Calendar

GRAIN = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One service of a visit in UTC: who does it, what it uses, and whether that person also does its neighbours."""

    start: datetime
    end: datetime
    staff_id: UUID | None
    resources: tuple[UUID, ...]
    joined_before: bool
    joined_after: bool


class _Use(NamedTuple):
    subject: UUID
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """A part whose end is open: the next one decides whether its buffer counts."""

    number: int
    start: int
    staff_id: UUID | None
    diary: Diary | None
    joined_before: bool


@dataclass(frozen=True, slots=True)
class _Chain:
    parts: tuple[Part, ...]
    uses: tuple[_Use, ...]


class VisitCalendar:
    """The starts of a visit, given a calendar for each of its parts in order.

    The calendars share one business and one present. A calendar with one person alone is a part that asks for them.
    `max_wait` is in minutes. `same_staff`: one person does all parts that somebody does.
    """

    def __init__(self, calendars: Sequence[Calendar], *, max_wait: int, same_staff: bool = False) -> None:
        self._calendars = calendars
        self._max_wait = max_wait
        self._same_staff = same_staff
        # What leads nowhere leads nowhere from any start of the day: a search over a day asks most of it many times.
        self._dead_ends: set[Hashable] = set()

    def starts(self, day: date, *, at: datetime) -> Iterator[tuple[Part, ...]]:
        """Yield the parts of each offered start of a local date, in order."""
        for step in self._calendars[0].steps(day):
            found = self.judge(EPOCH + timedelta(minutes=step), at=at)
            if not isinstance(found, Reason):
                yield found

    def judge(self, start: datetime, *, at: datetime) -> tuple[Part, ...] | Reason:
        """Return the parts of a visit from a start on, or the one reason why there is none."""
        minute = (start - EPOCH) // timedelta(minutes=1)
        if (start - EPOCH) % timedelta(minutes=GRAIN):
            return Reason.OFF_GRID
        reason = self._calendars[0].first_reason(minute, at=at)
        if reason is not None:
            return reason
        found = self._begin(0, minute, minute, None, _Chain((), ()))
        return Reason.FULL if found is None else found

    def _begin(
        self, number: int, earliest: int, latest: int, before: _Draft | None, chain: _Chain
    ) -> tuple[Part, ...] | None:
        """Return the finished chain from part `number` on, which begins in a range; None if there is none."""
        # Of what was chosen before, only the last person and what is still in use then matters for the rest.
        pending = before and (before.start, before.staff_id, before.joined_before)
        state = (number, earliest, pending, self._lasting(chain, before.start if before else earliest))
        if state in self._dead_ends:
            return None
        for start in range(earliest, latest + 1, GRAIN):
            for draft in self._drafts(number, start, before, chain):
                found = self._finish(before, chain, draft)
                if found is not None and (whole := self._next(draft, found)) is not None:
                    return whole
        self._dead_ends.add(state)
        return None

    def _next(self, draft: _Draft, chain: _Chain) -> tuple[Part, ...] | None:
        end = draft.start + self._calendars[draft.number].service.duration_minutes
        if draft.number + 1 < len(self._calendars):
            return self._begin(draft.number + 1, end, end + self._max_wait, draft, chain)
        last = self._finish(draft, chain, None)
        return None if last is None else last.parts

    def _drafts(self, number: int, start: int, before: _Draft | None, chain: _Chain) -> Iterator[_Draft]:
        """Yield who may do a part from a start on, as far as opening hours and working hours go."""
        calendar = self._calendars[number]
        if not calendar.is_open(start):
            return
        if not calendar.service.has_staff:
            yield _Draft(number, start, None, None, joined_before=False)
            return
        fixed = self._fixed_person(before, chain)
        for staff_id, diary in calendar.working(start):
            if fixed is None or staff_id == fixed:
                joined = before is not None and before.staff_id == staff_id
                yield _Draft(number, start, staff_id, diary, joined_before=joined)

    def _fixed_person(self, before: _Draft | None, chain: _Chain) -> UUID | None:
        if not self._same_staff:
            return None
        chosen = (*(part.staff_id for part in chain.parts), before.staff_id if before else None)
        return next((staff_id for staff_id in chosen if staff_id is not None), None)

    def _finish(self, draft: _Draft | None, chain: _Chain, after: _Draft | None) -> _Chain | None:
        """Add a part to a chain, now that what follows is known; None if something that it takes is not free."""
        if draft is None:
            return chain
        calendar = self._calendars[draft.number]
        service = calendar.service
        end = draft.start + service.duration_minutes
        joined_after = after is not None and after.joined_before
        begins = draft.start - (0 if draft.joined_before else service.buffer_before_minutes)
        ends = end + (0 if joined_after else service.buffer_after_minutes)
        uses = [_Use(service.id, begins, ends)]
        if not _fits(calendar.spare_places, chain, uses[0]):
            return None
        if draft.diary is not None and draft.staff_id is not None:
            for first, last in self._working_ranges(draft, begins, ends):
                uses.append(_Use(draft.staff_id, first, last))
                if not _fits(draft.diary.spare, chain, uses[-1]):
                    return None
        chosen = []
        for kind in service.needs:
            room = _first_free(calendar, kind, chain, begins, ends)
            if room is None:
                return None
            chosen.append(room)
            uses.append(_Use(room, begins, ends))
        part = Part(
            EPOCH + timedelta(minutes=draft.start),
            EPOCH + timedelta(minutes=end),
            draft.staff_id,
            tuple(chosen),
            draft.joined_before,
            joined_after,
        )
        return replace(chain, parts=(*chain.parts, part), uses=(*chain.uses, *uses))

    def _working_ranges(self, draft: _Draft, begins: int, ends: int) -> Sequence[tuple[int, int]]:
        service = self._calendars[draft.number].service
        if not service.processing_minutes:
            return ((begins, ends),)
        gap = draft.start + service.processing_after_minutes
        return ((begins, gap), (gap + service.processing_minutes, ends))

    def _lasting(self, chain: _Chain, first: int) -> Hashable:
        """Return what of a chain can still be in the way of parts that begin at a minute or later."""
        longest = max(calendar.service.buffer_before_minutes for calendar in self._calendars)
        fixed = self._fixed_person(None, chain)
        return fixed, frozenset(use for use in chain.uses if use.ends > first - longest)


def _fits(spare: Callable[[int, int], int], chain: _Chain, wanted: _Use) -> bool:
    """Tell whether a use fits beside what others take (`spare` is left of a range) and the visit's earlier parts."""
    # Parts follow each other, so only buffers overlap. Between two of these bounds the number of own uses is the same.
    own = [
        use
        for use in chain.uses
        if use.subject == wanted.subject and use.begins < wanted.ends and wanted.begins < use.ends
    ]
    inside = (bound for use in own for bound in (use.begins, use.ends) if wanted.begins < bound < wanted.ends)
    bounds = sorted({wanted.begins, wanted.ends, *inside})
    return all(
        spare(begins, ends) > sum(use.begins < ends and begins < use.ends for use in own)
        for begins, ends in pairwise(bounds)
    )


def _first_free(calendar: Calendar, kind: str, chain: _Chain, begins: int, ends: int) -> UUID | None:
    for resource, diary in calendar.resources(kind):
        if _fits(diary.spare, chain, _Use(resource, begins, ends)):
            return resource
    return None
