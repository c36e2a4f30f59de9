"""Messages as the people of a business see them: what goes to whom, and whether it was sent."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from businesses.backoffice.typed_decorators import display
from businesses.backoffice.view_only_admin import ViewOnlyAdmin
from notifications.models import DeliveryStatus, NotificationLog, message_name
from rhivo.text.local_time import local_time

COLOURS = {
    DeliveryStatus.PENDING: "info",
    DeliveryStatus.SENDING: "info",
    DeliveryStatus.SENT: "success",
    DeliveryStatus.FAILED: "danger",
}


class WhatFilter(admin.SimpleListFilter):
    title, parameter_name = "message", "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Those that occur: a business without invitations is not offered them.
        sent = model_admin.get_queryset(request).order_by("template").values_list("template", flat=True).distinct()
        return [(template, message_name(template)) for template in sent]

    def queryset(self, request: HttpRequest, queryset: QuerySet[NotificationLog]) -> QuerySet[NotificationLog]:
        return queryset.filter(template=self.value()) if self.value() else queryset


@admin.register(NotificationLog)
class NotificationLogAdmin(ViewOnlyAdmin):
    list_display = ("enqueued", "what", "recipient", "state", "attempts", "sent")
    list_display_links = ("enqueued", "what")
    list_filter = ("status", WhatFilter)
    search_fields = ("recipient",)
    search_help_text = "Search by the recipient's address."
    show_full_result_count = False  # it would count all messages of the business at each search
    list_per_page = 50
    fields = ("enqueued", "what", "channel", "recipient", "locale", "status", "attempts", "sent", "last_error")
    readonly_fields = fields

    @display(description="Message", ordering="template")
    def what(self, message: NotificationLog) -> str:
        return message_name(message.template)

    @display(description="Since", ordering="created_at")
    def enqueued(self, message: NotificationLog) -> str:
        return local_time(message.created_at)

    @display(description="Sent", ordering="sent_at")
    def sent(self, message: NotificationLog) -> str:
        return local_time(message.sent_at) if message.sent_at else "–"

    @display(description="Status", ordering="status", label=COLOURS)
    def state(self, message: NotificationLog) -> tuple[str, str]:
        return message.status, message.get_status_display()
