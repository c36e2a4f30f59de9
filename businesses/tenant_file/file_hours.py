"""Hours and exceptions: from the file's windows to rows of `availability`.

The database too refuses windows that touch (`weekly_windows_apart`, `exception_windows_apart`), but cannot say at which
path of the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from businesses.models import Availability, Weekday
from businesses.tenant_file.document_node import Node, fields_of, shown

WEEKDAYS = {day.name.lower(): day.value for day in Weekday}
MAX_WINDOWS = 24
MAX_EXCEPTIONS = 1000  # compared pair by pair: half a million pairs at most
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")


class Window(NamedTuple):
    """Minutes since local midnight."""

    opens: int
    closes: int


class Hours(NamedTuple):
    """The values of one row of `availability`: of a weekday, or of the dates from first to last.

    A tuple, so that the import can count equal rows. Whose hours they are is not in it.
    """

    weekday: int | None
    first_date: date | None
    last_date: date | None
    opens: int | None
    closes: int | None
    reason: str

    @classmethod
    def of(cls, row: Availability) -> "Hours":
        return cls(*(getattr(row, name) for name in cls._fields))


def read_hours(node: Node) -> list[Hours]:
    """Return the weekly windows; a weekday that the file leaves out is closed."""
    days = node.mapping(WEEKDAYS)
    return [
        Hours(WEEKDAYS[day], None, None, *window, "") for day, windows in days.items() for window in _windows(windows)
    ]


def _windows(node: Node) -> list[Window]:
    """Return the windows of one day, refusing those that touch or overlap an earlier one."""
    found: list[tuple[Node, Window]] = []
    for item in node.items(most=MAX_WINDOWS):
        window = _window(item)
        if window is None:
            continue
        for earlier, other in found:
            if _touch(window, other):
                item.refuse(f"It overlaps or touches {earlier.path}: make one of the two, or leave a break.")
        found.append((item, window))
    return [window for _, window in found]


def _window(node: Node) -> Window | None:
    pair = node.value
    if not isinstance(pair, list) or len(pair) != 2:
        node.refuse('Give an opening and a closing time: ["09:00", "13:00"].')
        return None
    opens, closes = _minute(node, pair[0]), _minute(node, pair[1])
    if opens is None or closes is None:
        return None
    if opens >= closes:
        node.refuse("It must close after it opens, by 24:00: what passes midnight goes on the next day from 00:00.")
        return None
    return Window(opens, closes)


def _minute(node: Node, text: Any) -> int | None:
    if not isinstance(text, str) or not CLOCK.fullmatch(text.strip()):
        node.refuse(f"{shown(text)} is not a time of day: write 00:00 to 24:00.")
        return None
    # 24:00 is 1440, the end of the day; as an opening time it is refused later, since nothing closes after it.
    hours, _, minutes = text.strip().partition(":")
    if int(minutes) % 5:
        node.refuse(f"{text} is off the 5-minute grain.")
        return None
    return int(hours) * 60 + int(minutes)


def _touch(one: Window, other: Window) -> bool:
    # Closed at both ends, like the '[]' ranges of the constraints: 9-13 and 13-17 would be a break of no length.
    return one.opens <= other.closes and other.opens <= one.closes


def read_exceptions(node: Node) -> list[Hours]:
    """Return the exceptions by date; several may cover one date as long as their windows are apart."""
    entries = [entry for item in node.items(most=MAX_EXCEPTIONS) if (entry := _exception(item))]
    for earlier, later in combinations(entries, 2):
        if earlier.clashes_with(later):
            later.node.child("windows").refuse(f"They overlap or touch those of {earlier.node.path} on one date.")
    return [row for entry in entries for row in entry.rows()]


@dataclass(frozen=True, slots=True)
class _Exception:
    """One entry of the list; without windows the business or person is closed on these dates."""

    node: Node
    first: date
    last: date
    windows: list[Window]
    reason: str

    def rows(self) -> Iterator[Hours]:
        if not self.windows:
            yield Hours(None, self.first, self.last, None, None, self.reason)
        for opens, closes in self.windows:
            yield Hours(None, self.first, self.last, opens, closes, self.reason)

    def clashes_with(self, other: "_Exception") -> bool:
        if self.last < other.first or other.last < self.first:
            return False
        return any(_touch(one, another) for one in self.windows for another in other.windows)


def _exception(node: Node) -> _Exception | None:
    parts = node.mapping(("date", "from", "to", "closed", "windows", "reason"))
    if not isinstance(node.value, dict):
        return None
    dates = _dates(node, parts)
    reason = fields_of(parts, Availability, {"reason": "reason"}).get("reason", "")
    windows = _windows(parts["windows"]) if "windows" in parts else []
    # `closed: false` with windows, and `windows: []` with `closed: true`, say the same thing twice and are let pass.
    closed = parts["closed"].value if "closed" in parts else False
    if not isinstance(closed, bool):
        parts["closed"].refuse("Write true or false.")
        return None
    if closed == ("windows" in parts and parts["windows"].value != []):
        node.refuse("Give either `closed: true` or `windows`.")
        return None
    return _Exception(node, *dates, windows, reason) if dates else None


def _dates(node: Node, parts: dict[str, Node]) -> tuple[date, date] | None:
    """Return the first and last date, from `date` or from `from` and `to`."""
    if parts.keys() & {"date", "from", "to"} not in ({"date"}, {"from", "to"}):
        node.refuse("Give either `date`, or `from` and `to`.")
        return None
    first = _date(parts["date"] if "date" in parts else parts["from"])
    last = first if "date" in parts else _date(parts["to"])
    if first is None or last is None:
        return None
    if last < first:
        parts["to"].refuse("It is before `from`.")
        return None
    return first, last


def _date(node: Node) -> date | None:
    # Since Python 3.11 fromisoformat takes 20271224 and 2027-W52-5 too; a file has one way to write a date.
    text = node.value.strip() if isinstance(node.value, str) else ""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    node.refuse(f"{shown(node.value)} is not a date: write one such as 2027-12-24.")
    return None
