"""The transactional outbox: messages, each written in the transaction of the event it is about.

A message is a template's name and facts as JSON. What the facts are about is left to the app that enqueues it.
"""

from uuid import UUID, uuid4

from django.db import models

from businesses.models import Business
from rhivo.clock import now


class DeliveryStatus(models.TextChoices):
    """pending → sending → sent | pending (a try failed) | failed (given up)."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"


def message_name(template: str) -> str:
    """Return what people at work call the messages of a template: 'Appointment confirmed'."""
    return template.replace("_", " ").capitalize()


class NotificationLog(models.Model):
    """One message to one recipient, from the moment it is enqueued until it is sent or given up."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # Its own index would be a prefix of `notifications_by_business`.
    business = models.ForeignKey(Business, models.CASCADE, related_name="notifications", db_index=False)
    dedupe_key = models.CharField(max_length=120, db_comment="what it is about; the same is never enqueued twice")
    # No choices: each would be a migration, and notifications/channels/ has the list already.
    channel = models.CharField(max_length=10)
    template = models.CharField(max_length=60)
    recipient = models.CharField(max_length=254)
    locale = models.CharField(max_length=5)
    context = models.JSONField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=now, db_comment="next try, or end of the lease of the one under way")
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=now)

    business_id: UUID

    class Meta:
        db_table = "notification_logs"
        verbose_name = "message"
        db_table_comment = "Transactional outbox and delivery log"
        ordering = ["-created_at"]
        indexes = [
            # Of what waits alone: it stays small, while the log of what was sent grows for ever.
            models.Index(
                fields=["due_at"], name="notifications_due", condition=models.Q(status__in=["pending", "sending"])
            ),
            models.Index(fields=["business", "-created_at"], name="notifications_by_business"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["business", "dedupe_key"], name="enqueued_once"),
            models.CheckConstraint(condition=models.Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]

    def __str__(self) -> str:
        return f"{message_name(self.template)} to {self.recipient}"


class WebhookEndpoint(models.Model):
    """Where a business wants to be notified of events, signed by the Standard Webhooks scheme."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100)
    events = models.JSONField(default=list)
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    business_id: UUID

    class Meta:
        db_table = "webhook_endpoints"
        db_table_comment = "Addresses that want to hear of a business's events"
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["business", "url"], name="one_endpoint_a_url")]

    def __str__(self) -> str:
        return self.url
