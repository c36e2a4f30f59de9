"""Messages as the people at work see them: what was owed to whom, and whether it went out."""

from django.contrib import admin
from unfold.decorators import display

from notifications.models import DeliveryStatus, NotificationLog
from rhivo.local_time import local_time
from rhivo.view_only import ViewOnlyAdmin

COLOURS = {
    DeliveryStatus.PENDING: "info",
    DeliveryStatus.SENDING: "info",
    DeliveryStatus.SENT: "success",
    DeliveryStatus.FAILED: "danger",
}


@admin.register(NotificationLog)
class NotificationLogAdmin(ViewOnlyAdmin):
    list_display = ("owed", "what", "recipient", "state", "attempts", "sent")
    list_display_links = ("owed", "what")
    list_filter = ("status", "template")
    search_fields = ("recipient",)
    search_help_text = "Search by the recipient's address."
    show_full_result_count = False
    list_per_page = 50
    fields = ("owed", "what", "channel", "recipient", "locale", "status", "attempts", "sent", "last_error")
    readonly_fields = fields

    @display(description="Message", ordering="template")
    def what(self, message: NotificationLog) -> str:
        return message.template.replace("_", " ").capitalize()

    @display(description="Owed since", ordering="created_at")
    def owed(self, message: NotificationLog) -> str:
        return local_time(message.created_at)

    @display(description="Sent", ordering="sent_at")
    def sent(self, message: NotificationLog) -> str:
        return local_time(message.sent_at) if message.sent_at else "–"

    @display(description="Status", ordering="status", label=COLOURS)
    def state(self, message: NotificationLog) -> tuple[str, str]:
        return message.status, message.get_status_display()
