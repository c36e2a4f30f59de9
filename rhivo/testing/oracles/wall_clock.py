"""Which instant a wall-clock time means, found by reading the clock step by step: no arithmetic with offsets.

The oracles use it, so that they share nothing with the rules that they are compared with.
"""

from collections.abc import Sequence
from itertools import pairwise


class WallClock:
    """What the clock of a zone reads at evenly spaced instants: pairs of instant and reading, both in minutes."""

    def __init__(self, readings: Sequence[tuple[int, int]]) -> None:
        self._readings = readings
        self._first: dict[int, int] = {}
        for instant, wall in readings:
            # Clocks that go back read the same twice: the first time counts.
            self._first.setdefault(wall, instant)

    def instant(self, wanted: int) -> int:
        """Return when it is that late: the first time if twice, and if never as much later as the clocks jump."""
        if wanted in self._first:
            return self._first[wanted]
        for (last, before), (_, after) in pairwise(self._readings):
            # The clocks jumped over it: as many minutes after the jump as it would have been.
            if after > wanted:
                return last + wanted - before
        raise LookupError(f"the clock was not read around minute {wanted}: read more of it")
