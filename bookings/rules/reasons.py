"""The one table of reasons for which a start is refused: the code, the sentence, and the override that sets it aside.

Pure. `bookings.errors` gives each its error; faces show the sentence as it is.
"""

from collections.abc import Iterable
from enum import StrEnum


class Override(StrEnum):
    """A rule that staff may set aside for one booking; capacity and staff overlap are not among them."""

    NOTICE = "notice"
    ADVANCE = "advance"
    HOURS = "hours"


class Reason(StrEnum):
    """Why a start is refused. The first that applies is given, in this order.

    A start off the 5-minute grain is OFF_GRID, whatever else applies.
    """

    text: str
    override: Override | None

    CLOSED = "CLOSED", "The business is closed that day.", Override.HOURS
    BREAK = "BREAK", "The business has a break then.", Override.HOURS
    OUTSIDE_HOURS = "OUTSIDE_HOURS", "That is outside opening hours.", Override.HOURS
    OFF_GRID = (
        "OFF_GRID",
        "Appointments do not start at that minute: choose one of the times offered.",
        Override.HOURS,
    )
    PAST = "PAST", "That time is past.", Override.NOTICE
    TOO_SOON = "TOO_SOON", "That is too soon: the business wants more notice.", Override.NOTICE
    TOO_FAR = "TOO_FAR", "That is further ahead than the business takes bookings.", Override.ADVANCE
    STAFF_UNAVAILABLE = "STAFF_UNAVAILABLE", "Nobody who does this works at that time.", Override.HOURS
    # No override: the triggers refuse it to staff as well.
    FULL = "FULL", "That time is taken: choose another.", None

    def __new__(cls, code: str, text: str, override: Override | None) -> "Reason":
        # The code alone is the value: `Reason("FULL")` finds the member, and JSON shows the code.
        member = str.__new__(cls, code)
        member._value_ = code
        member.text = text
        member.override = override
        return member


def overridden_by(overrides: Iterable[Override]) -> frozenset[Reason]:
    """Return the reasons that do not count under these overrides."""
    chosen = set(overrides)
    return frozenset(reason for reason in Reason if reason.override in chosen)
