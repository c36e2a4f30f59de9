"""One local date of a business: its windows, its grid of starts, and who works when.

All times are whole minutes since the epoch. Which of the starts are offered is decided in `slots`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from bookings.rules.hours import Span
from bookings.rules.occupancy import Diary
from bookings.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Worker:
    """A person on one date, with the occupied minutes as bits counted from `Day.origin`.

    `windows` None means exactly the business's hours.
    """

    id: UUID
    diary: Diary
    taken: int
    windows: tuple[Span, ...] | None


@dataclass(frozen=True, slots=True)
class Day:
    """One local date, with its workers in the order "any staff" tries them."""

    begins: int
    ends: int
    origin: int
    windows: tuple[Span, ...]
    steps: frozenset[int]
    workers: tuple[Worker, ...]

    def hours_reason(self, start: int, end: int) -> Reason | None:
        if holds(self.windows, start, end):
            return None
        if not self.windows:
            return Reason.CLOSED
        last_close = max(closes for _, closes in self.windows)
        if not self.windows[0][0] <= start < last_close:
            return Reason.OUTSIDE_HOURS
        # It starts in the last window and would run past closing time: no break comes after that.
        if any(opens <= start < closes == last_close for opens, closes in self.windows):
            return Reason.OUTSIDE_HOURS
        return Reason.BREAK

    def all_steps(self, interval: int) -> set[int]:
        """Return the grid of the whole date, carried on from the windows into what is around."""
        if not self.windows:
            return set(range(self.begins, self.ends, interval))
        # Windows may overlap, so `latest` is the one that closed last, which need not be the one before.
        latest = self.windows[0]
        found = {*self.steps, *range(latest[0], self.begins - 1, -interval)}
        for window in (*self.windows[1:], (self.ends, self.ends)):
            if window[0] > latest[1]:
                found.update(range(latest[0], window[0], interval))
            if window[1] >= latest[1]:
                latest = window
        return found


def holds(windows: Iterable[Span], start: int, end: int) -> bool:
    # A loop: the innermost check of a search, at a third of the cost of any().
    for opens, closes in windows:  # noqa: SIM110
        if opens <= start and end <= closes:
            return True
    return False
