"""An explanation as plain text for a terminal, at most 100 columns wide."""

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap

from django.utils import timezone

from bookings.explain.explanation import Explanation, Judgement
from bookings.explain.timeline import place_text
from rhivo.text.plurals import counted

WIDTH, MOST_INDENT = 100, 24
_Row = tuple[str, str]  # a label, and a text that is wrapped behind it


def as_text(explained: Explanation) -> str:
    """Return an explanation as lines under headings."""
    with timezone.override(explained.business.zone):
        return "".join(f"{line}\n" for label, text in _rows(explained) for line in _wrapped(label, text))


def _rows(explained: Explanation) -> Iterator[_Row]:
    start, person = explained.start, f" with {explained.staff.name}" if explained.staff else ""
    yield f"{explained.business.name}: {explained.service.name}{person}", ""
    yield f"{start:%A %-d %B %Y, %H:%M}–{explained.end:%H:%M} {start.tzname()} ({explained.business.timezone})", ""
    yield from (("  ! ", remark) for remark in explained.remarks)
    if explained.then is not None:
        yield from _judgement(f"At {_clock(explained.then.at)}", explained.then)
    yield from _judgement("Now", explained.now)
    if explained.alternatives:
        yield "  Nearest free: ", ", ".join(f"{each:%a %-d %b %H:%M}" for each in explained.alternatives)
    yield from _heading("Rules")
    yield from ((f"{'✗' if fact.is_against else ' '} {fact.name:<11}", fact.says) for fact in explained.facts)
    yield from _heading("What took this time and freed it")
    yield from _events(explained)
    if explained.settings:
        yield from _heading("Settings changed since then")
    yield from (("  ", line) for line in explained.settings)


def _judgement(title: str, judgement: Judgement) -> Iterator[_Row]:
    yield from _heading(f"{title}: {judgement.code}")
    if not judgement.refusals:
        yield "  ", f"{place_text(judgement.remaining).capitalize()}."
    for number, refusal in enumerate(judgement.refusals):
        yield f"  Also {refusal.code}: " if number else "  ", refusal.sentence
    yield from (("  Short: ", shortage) for shortage in judgement.shortages)
    for one in (*judgement.candidates, *judgement.resources):
        yield f"  {'✓' if one.is_free else '✗'} ", f"{one.name} {one.why}"
    if judgement.obstacles:
        yield "  In that time:", ""
    yield from (("    ", obstacle.text) for obstacle in judgement.obstacles)


def _events(explained: Explanation) -> Iterator[_Row]:
    if explained.left_out:
        yield f"  {counted(explained.left_out, 'earlier event')} left out.", ""
    if not explained.events:
        yield "  Nothing ever has.", ""
    for event in explained.events:
        places = f" → {place_text(event.places)}" if event.places is not None else ""
        yield f"{'>' if event.is_question else ' '} {_clock(event.at)}  ", f"{event.text}{places}"


def _clock(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"


def _heading(text: str) -> list[_Row]:
    return [("", ""), (text, ""), ("-" * len(text), "")]


def _wrapped(label: str, text: str) -> list[str]:
    # `wrap` returns no line for an empty text. A long label must leave room for the lines below it.
    return wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * min(len(label), MOST_INDENT)) or [label]
