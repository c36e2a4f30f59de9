"""Enqueuing a message: one row in the transaction of what it tells of."""

from typing import Any
from uuid import UUID

from django.db import transaction

from notifications.models import NotificationLog
from notifications.tasks import wake_worker


def enqueue_email(
    *, business_id: UUID, about: str, template: str, recipient: str, locale: str, context: dict[str, Any]
) -> None:
    """Enqueue an email. `about` names the event: the same is enqueued once. Sent by the worker after commit.

    A `manage_token_of` in the context becomes the customer's link when the mail is written; no secret is stored.
    """
    NotificationLog.objects.bulk_create(
        [
            NotificationLog(
                business_id=business_id,
                dedupe_key=about,
                template=template,
                recipient=recipient,
                locale=locale,
                context=context,
            )
        ]
    )
    transaction.on_commit(wake_worker, robust=True)
