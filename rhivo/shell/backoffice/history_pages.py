"""The history in the back office: entries as sentences, to be filtered and searched, with links to what they are about.

Row security decides what may be read at all. A filter offers only what its reader may read.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from audit.models import AuditLog
from bookings.backoffice.history_entries import EntryInWords, entries_in_words
from bookings.history.sentences import NOUNS, action_text
from bookings.models import Appointment
from businesses.backoffice.admin_site import workplace
from businesses.backoffice.typed_decorators import display
from businesses.backoffice.view_only_admin import ViewOnlyAdmin
from businesses.models import Business, User
from rhivo.clock import now
from rhivo.text.local_time import local_time

# References leave out what is misread: 0, 1, I and O. People type them without the prefix and the dash.
REFERENCE = re.compile(r"(?:RHV-)?([2-9A-HJ-NP-Z]{3})-?([2-9A-HJ-NP-Z]{3})", re.IGNORECASE)
CUSTOMERS, SYSTEM = "customers", "system"
# First day and the day after the last, counted from today.
SPANS = {"today": (0, 1), "yesterday": (-1, 0), "week": (-6, 1), "month": (-29, 1)}


class HistoryList(ChangeList):  # type: ignore[misc]
    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Here, and not column by column: the names of all rows of a page take one query a table.
        self.result_list = [_with(words) for words in entries_in_words(list(self.result_list), request)]


def _with(words: EntryInWords) -> AuditLog:
    """Return an entry that carries its words: Django hands nothing but the row to the columns of a list."""
    words.entry.words = words  # type: ignore[attr-defined]
    return words.entry


class KnownFilter(admin.SimpleListFilter):
    """A filter that takes no value but those it offers: any other finds nothing."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditLog]) -> QuerySet[AuditLog]:
        value = self.value()
        if value is None:
            return queryset
        offered = {key for key, _ in self.lookup_choices}
        return queryset.filter(self.chosen(request, value)) if value in offered else queryset.none()

    def chosen(self, request: HttpRequest, value: str) -> Q:
        raise NotImplementedError


class WhatFilter(KnownFilter):
    title, parameter_name = "what", "entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        entities = sorted({entity for entity, _ in _kinds(request)})
        return [(entity, (NOUNS.get(entity) or entity.replace("_", " ")).capitalize()) for entity in entities]

    def chosen(self, request: HttpRequest, value: str) -> Q:
        return Q(entity=value)


class ActionFilter(KnownFilter):
    title, parameter_name = "action", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        actions = sorted({action for _, action in _kinds(request)})
        return [(action, action_text(action).capitalize()) for action in actions]

    def chosen(self, request: HttpRequest, value: str) -> Q:
        return Q(action=value)


class WhoFilter(KnownFilter):
    """Colleagues by name; customers and guests, and what no person did, each as one."""

    title, parameter_name = "who", "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        colleagues = User.objects.filter(memberships__business=workplace(request)).order_by("name", "id")
        people = [(str(person.pk), str(person)) for person in colleagues]
        return [*people, (CUSTOMERS, "Customers and guests"), (SYSTEM, "No person")]

    def chosen(self, request: HttpRequest, value: str) -> Q:
        match value:
            case "customers":
                return Q(actor_kind__in=["guest", "public"]) | Q(actor_kind="user", actor_role__in=["customer", ""])
            case "system":
                return Q(actor_kind__in=["worker", "database"])
        return Q(actor_kind="user", actor=value)


class WhenFilter(KnownFilter):
    """By days as the business's clocks show them."""

    title, parameter_name = "date", "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today"), ("yesterday", "Yesterday"), ("week", "Last 7 days"), ("month", "Last 30 days")]

    def chosen(self, request: HttpRequest, value: str) -> Q:
        today = now().astimezone(workplace(request).zone).date()
        first, end = SPANS[value]
        return _days(workplace(request), today + timedelta(days=first), today + timedelta(days=end))


@admin.register(AuditLog)
class AuditLogAdmin(ViewOnlyAdmin):
    """Entries, the latest first, each with the thing that it is about."""

    list_display = ("when", "happened", "about", "reason")
    list_display_links = ("when",)
    list_filter = (WhenFilter, WhatFilter, ActionFilter, WhoFilter)
    # Django shows a search box only if this is set; what is searched is said by get_search_results below.
    search_fields = ("request_id",)
    search_help_text = "Search by reference, id, request id, date (2026-12-31) or words of a reason."
    ordering = ("-at", "-id")
    # Else Django counts all entries of the business on every page, for one number beside a filter.
    show_full_result_count = False
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("happened", ("when", "by"), "about", "reason", "details")}),
        ("Trace", {"fields": ("request_id", "entity_id", "previous_hash", "hash")}),
    )
    readonly_fields = ("happened", "when", "by", "about", "details")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HistoryList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditLog | None:
        # The pages of one entry show the same columns as the list.
        entry = super().get_object(request, object_id, from_field)
        return _with(entries_in_words([entry], request)[0]) if entry is not None else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditLog], search_term: str
    ) -> tuple[QuerySet[AuditLog], bool]:
        term = search_term.strip()
        return (queryset.filter(_searched(workplace(request), term)) if term else queryset), False

    @display(description="When", ordering="at")
    def when(self, entry: AuditLog) -> str:
        return local_time(entry.at)

    @display(description="What happened")
    def happened(self, entry: AuditLog) -> str:
        return str(entry.words.sentence)  # type: ignore[attr-defined]

    @display(description="By")
    def by(self, entry: AuditLog) -> str:
        role = f", {entry.actor_role}" if entry.actor_role else ""
        return f"{entry.words.who} ({entry.actor_kind}{role})"  # type: ignore[attr-defined]

    @display(description="About")
    def about(self, entry: AuditLog) -> SafeString | str:
        words: EntryInWords = entry.words  # type: ignore[attr-defined]
        thing = words.thing[:1].upper() + words.thing[1:]
        return format_html('<a class="underline" href="{}">{}</a>', words.link, thing) if words.link else thing

    @display(description="Before → after")
    def details(self, entry: AuditLog) -> SafeString | str:
        words: EntryInWords = entry.words  # type: ignore[attr-defined]
        rows = ((change.label, change.before, change.after) for change in words.changes)
        return format_html_join("", '<div class="break-words">{}: {} → {}</div>', rows) or "–"


def _kinds(request: HttpRequest) -> list[tuple[str, str]]:
    """Return each entity with each action on it that the reader may read."""
    # Two filters ask for it: it is kept on the request, and no longer, because readers differ in what they may read.
    known: list[tuple[str, str]] | None = getattr(request, "kinds_of_history", None)
    if known is None:
        entries = AuditLog.objects.filter(business_id=workplace(request).id).order_by()
        known = list(entries.values_list("entity", "action").distinct())
        request.kinds_of_history = known  # type: ignore[attr-defined]
    return known


def _searched(business: Business, term: str) -> Q:
    """Return the condition for what was typed: an id, a reference, a date, else a request's id or words of a reason."""
    named = Q(request_id=term)
    if match := REFERENCE.fullmatch(term):
        reference = f"RHV-{match[1]}-{match[2]}".upper()
        found = Appointment.objects.filter(business=business, reference=reference)
        return named | Q(entity_id__in=list(found.values_list("id", flat=True)))
    try:
        return named | Q(entity_id=UUID(term))
    except ValueError:
        pass
    try:
        day = date.fromisoformat(term)
        return _days(business, day, day + timedelta(days=1))
    except (ValueError, OverflowError):  # no date, or the last that Python knows, after which there is no day
        return named | Q(reason__icontains=term)


def _days(business: Business, first: date, end: date) -> Q:
    """Return the condition for the business's local days from one to before another."""
    return Q(
        at__gte=datetime.combine(first, time(), business.zone), at__lt=datetime.combine(end, time(), business.zone)
    )
