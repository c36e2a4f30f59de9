"""Enqueue a message: one row, in the transaction of the event that it is about."""

from typing import Any
from uuid import UUID

from django.db import transaction

from notifications.channels import Channel
from notifications.models import NotificationLog
from notifications.tasks import wake_worker


def enqueue(
    *,
    channel: Channel,
    business_id: UUID,
    about: str,
    template: str,
    recipient: str,
    locale: str,
    context: dict[str, Any],
) -> None:
    """Enqueue a message to one recipient. A worker sends it after the commit.

    `about` names the event: the database refuses a second message about it (`enqueued_once`). A `manage_token_of` in
    the context becomes the customer's link when the message is sent; no secret is stored.
    """
    NotificationLog.objects.create(
        business_id=business_id,
        dedupe_key=about,
        channel=channel.name,
        template=template,
        recipient=recipient,
        locale=locale,
        context=context,
    )
    # After the commit, because a worker that looked earlier would not see the row. Robust: what is committed stays
    # so, whatever the broker does.
    transaction.on_commit(wake_worker, robust=True)
