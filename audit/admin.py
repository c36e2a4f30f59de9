"""The history as the people at work read it: what changed, by whom and why."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit.changes import changes_of
from audit.models import AuditLog
from rhivo.local_time import local_time
from rhivo.view_only import ViewOnlyAdmin


@admin.register(AuditLog)
class AuditLogAdmin(ViewOnlyAdmin):
    """Entries, the latest first. One thing's are found by its id in the search."""

    list_display = ("when", "entity", "action", "changed", "by", "reason")
    list_display_links = ("when",)
    list_filter = ("entity", "action", "actor_kind")
    search_fields = ("entity_id__exact", "request_id__exact")
    search_help_text = "Search by the id of what changed, or of the request that changed it."
    ordering = ("-id",)
    show_full_result_count = False
    list_per_page = 50
    fields = ("when", "entity", "entity_id", "action", "by", "reason", "request_id", "details", "sealed_by")
    readonly_fields = fields

    @display(description="When", ordering="id")
    def when(self, entry: AuditLog) -> str:
        return local_time(entry.at)

    @display(description="By")
    def by(self, entry: AuditLog) -> str:
        return entry.actor_role or entry.actor_kind

    @display(description="Changed")
    def changed(self, entry: AuditLog) -> str:
        names = [change.name for change in changes_of(entry)]
        return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")

    @display(description="Before → after")
    def details(self, entry: AuditLog) -> SafeString | str:
        rows = ((change.name, change.before, change.after) for change in changes_of(entry))
        return format_html_join("", '<div class="any-break">{}: {} → {}</div>', rows) or "–"

    @display(description="Hash")
    def sealed_by(self, entry: AuditLog) -> SafeString:
        return format_html('<span class="any-break">{}</span>', entry.hash)
