"""An explanation as plain text for a terminal, at most 100 columns wide."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import wrap

from django.utils import timezone

from bookings.explain.explanation import Explanation, Verdict
from bookings.explain.timeline import place_text
from rhivo.counting import counted

WIDTH = 100


def as_text(explained: Explanation) -> str:
    """Return an explanation as lines under headings."""
    with timezone.override(explained.business.zone):
        return "\n".join(_lines(explained)) + "\n"


def _lines(explained: Explanation) -> Iterator[str]:
    start, person = explained.start, f" with {explained.staff.name}" if explained.staff else ""
    yield f"{explained.business.name}: {explained.service.name}{person}"
    yield f"{start:%A %-d %B %Y, %H:%M}–{explained.end:%H:%M} {start.tzname()} ({explained.business.timezone})"
    for remark in explained.remarks:
        yield from _wrapped(remark, "  ! ")
    if explained.then is not None:
        yield from _verdict(f"At {_clock(explained.then.at)}", explained.then)
    yield from _verdict("Now", explained.now)
    if explained.alternatives:
        yield from _wrapped(", ".join(f"{each:%a %-d %b %H:%M}" for each in explained.alternatives), "  Nearest free: ")
    yield from _heading("Rules")
    for fact in explained.facts:
        yield from _wrapped(fact.says, f"{'✗' if fact.is_against else ' '} {fact.name:<11}")
    yield from _heading("What took this time and freed it")
    yield from _events(explained)
    if explained.settings:
        yield from _heading("Settings changed since then")
    for line in explained.settings:
        yield from _wrapped(line, "  ")


def _verdict(title: str, verdict: Verdict) -> Iterator[str]:
    yield from _heading(f"{title}: {verdict.code}")
    if not verdict.refusals:
        yield f"  {place_text(verdict.remaining).capitalize()}."
    for number, refusal in enumerate(verdict.refusals):
        yield from _wrapped(refusal.sentence, f"  Also {refusal.code}: " if number else "  ")
    for person in verdict.candidates:
        yield from _wrapped(f"{person.name} {person.why}", f"  {'✓' if person.is_free else '✗'} ")
    if verdict.obstacles:
        yield "  In that time:"
    for obstacle in verdict.obstacles:
        yield from _wrapped(obstacle.text, "    ")


def _events(explained: Explanation) -> Iterator[str]:
    if explained.left_out:
        yield f"  {counted(explained.left_out, 'earlier event')} left out."
    if not explained.events:
        yield "  Nothing ever has."
    for event in explained.events:
        places = f" → {place_text(event.places)}" if event.places is not None else ""
        yield from _wrapped(f"{event.text}{places}", f"{'>' if event.is_question else ' '} {_clock(event.at)}  ")


def _clock(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"


def _heading(text: str) -> Iterable[str]:
    return ("", text, "-" * len(text))


def _wrapped(text: str, label: str) -> list[str]:
    # The most that is indented, so that a long label leaves room for its text. Nothing to wrap still shows its label.
    return wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * min(len(label), 24)) or [label]
