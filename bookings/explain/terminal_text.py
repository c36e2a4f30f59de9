"""An explanation as plain text for a terminal, at most 100 columns wide."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import wrap

from bookings.explain.explanation import Assessment, Explanation
from bookings.explain.timeline import place_text
from rhivo.counting import counted

WIDTH = 100
LABEL = 11


def as_text(explained: Explanation) -> str:
    """Return an explanation as lines under headings."""
    return "\n".join(_lines(explained)) + "\n"


def _lines(explained: Explanation) -> Iterator[str]:
    start, service = explained.start, explained.service
    wanted = f" with {explained.staff.name}" if explained.staff else ""
    yield f"{explained.business.name}: {service.name}{wanted}"
    yield f"{start:%A %-d %B %Y, %H:%M}–{explained.end:%H:%M} {start.tzname()} ({explained.business.timezone})"
    for remark in explained.remarks:
        yield from _wrapped(remark, "  ! ")
    if explained.past is not None:
        yield from _assessment(f"At {_clock(explained.past.at)}", explained.past)
    yield from _assessment("Now", explained.now)
    if explained.alternatives:
        yield from _wrapped(", ".join(f"{each:%a %-d %b %H:%M}" for each in explained.alternatives), "  Nearest free: ")
    yield from _heading("Rules")
    for fact in explained.facts:
        yield from _wrapped(fact.says, f"{'✗' if fact.is_against else ' '} {fact.name:<{LABEL}}")
    yield from _heading("What took this time and freed it")
    yield from _story(explained)
    if explained.settings:
        yield from _heading("Settings changed since then")
        for line in explained.settings:
            yield from _wrapped(line, "  ")


def _assessment(title: str, found: Assessment) -> Iterator[str]:
    yield from _heading(f"{title}: {found.code}")
    if not found.refusals:
        yield f"  {place_text(found.remaining).capitalize()}."
    for number, refusal in enumerate(found.refusals):
        yield from _wrapped(refusal.sentence, "  " if not number else f"  Also {refusal.code}: ")
    for person in found.candidates:
        yield from _wrapped(f"{person.name} {person.why}", f"  {'✓' if person.is_free else '✗'} ")
    if found.obstacles:
        yield "  In that time:"
        for obstacle in found.obstacles:
            yield from _wrapped(obstacle.text, "    ")


def _story(explained: Explanation) -> Iterator[str]:
    if explained.untold:
        yield f"  {counted(explained.untold, 'earlier event')} left out."
    if not explained.story:
        yield "  Nothing ever has."
    for event in explained.story:
        state = place_text(event.places)
        mark = ">" if event.is_question else " "
        yield from _wrapped(f"{event.text}{f' → {state}' if state else ''}", f"{mark} {_clock(event.at, explained)}  ")


def _clock(instant: datetime, explained: Explanation | None = None) -> str:
    local = instant.astimezone(explained.business.zone) if explained else instant
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _heading(text: str) -> Iterable[str]:
    return ("", text, "-" * len(text))


def _wrapped(text: str, label: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * min(len(label), 24)) or [label]
