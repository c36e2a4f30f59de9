"""Entries of the history as the back office shows them: in words, with a link to the thing that each is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit.models import AuditLog
from bookings.history.sentences import Sentences, TextChange
from bookings.history.snapshots import history_of
from bookings.models import Appointment
from businesses.backoffice.admin_site import workplace
from rhivo.text.local_time import local_time

LATEST = 20  # entries on the page of an appointment


@dataclass(frozen=True, slots=True)
class EntryInWords:
    """An entry in words, in the zone in force; `link` leads to the thing that it is about, '' if no page shows it."""

    entry: AuditLog
    sentence: str
    thing: str
    who: str
    changes: list[TextChange]
    link: str


def entries_in_words(entries: Sequence[AuditLog], request: HttpRequest) -> list[EntryInWords]:
    """Return entries in words; a fixed number of queries, however many there are."""
    business = workplace(request)
    sentences = Sentences.of(entries, currency=business.currency, locale=business.locale)
    pages = _pages(request)
    return [
        EntryInWords(
            entry,
            sentence=sentences.sentence(entry),
            thing=sentences.thing(entry),
            who=sentences.who(entry),
            changes=sentences.changes(entry),
            link=_link(entry, pages),
        )
        for entry in entries
    ]


def _pages(request: HttpRequest) -> dict[str, str]:
    """Return by entity the name of the page that shows one, for those that the person may see."""
    # The history calls an entity as its model is called; what has no page there, such as a log-in, gets no link.
    return {
        model._meta.model_name: f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for model, page in admin.site._registry.items()
        if model._meta.model_name and page.has_view_permission(request)
    }


def _link(entry: AuditLog, pages: dict[str, str]) -> str:
    # An entry without `after` says that the thing was removed: its page would be a 404.
    is_there = entry.after is not None
    return reverse(pages[entry.entity], args=[entry.entity_id]) if is_there and entry.entity in pages else ""


def latest_lines(appointment: Appointment) -> SafeString | str:
    """Return the latest of an appointment's history as lines, the oldest first."""
    entries = list(history_of(appointment).order_by("-id")[:LATEST])[::-1]
    sentences = Sentences.of(entries, currency=appointment.currency, locale=appointment.business.locale)
    rows = ((local_time(entry.at), sentences.sentence(entry), _why(entry)) for entry in entries)
    return format_html_join("", '<div class="break-words">{}: {}{}</div>', rows) or "–"


def _why(entry: AuditLog) -> str:
    return f" ({entry.reason})" if entry.reason else ""
