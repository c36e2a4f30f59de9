"""A time as a person types it, turned into an instant, with a remark where the clocks change."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rhivo.errors import Invalid


class BadTime(Invalid):
    """Write a time as 2026-12-01 10:00, or with its offset as 2026-12-01T10:00+01:00."""

    code = "BAD_TIME"


class Asked(NamedTuple):
    """An instant, and a remark on the wall-clock time that it was given as, '' for none."""

    instant: datetime
    remark: str


def read_time(text: str, zone: ZoneInfo) -> Asked:
    """Return the instant of a time: with its offset if it has one, else as the clocks of a zone show it.

    Raises BadTime.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadTime() from error
    # Python reads a bare date as its midnight, which nobody meant. Near the ends of what a datetime holds, a change of
    # zone overflows.
    if ":" not in text or not MINYEAR + 1 < given.year < MAXYEAR - 1:
        raise BadTime()
    if given.tzinfo is not None:
        return Asked(given.astimezone(UTC), "")
    # By PEP 495 fold 0 moves a time that the clocks skip forward, and takes the first of one that they show twice.
    instant = given.replace(tzinfo=zone).astimezone(UTC)
    return Asked(instant, _remark(given, instant.astimezone(zone)))


def _remark(given: datetime, meant: datetime) -> str:
    if meant.replace(tzinfo=None) != given:
        return f"The clocks skip {given:%H:%M} on {given:%-d %b %Y}: it means {meant:%H:%M}."
    second = meant.replace(fold=1)
    if second.utcoffset() == meant.utcoffset():
        return ""
    return (
        f"The clocks show {given:%H:%M} twice on {given:%-d %b %Y}: this is the first, in {meant.tzname()}."
        f" The second is {second.isoformat(timespec='minutes')}."
    )
