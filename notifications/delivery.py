"""Sending what is enqueued in the outbox, as the worker role, across tenants.

A row is claimed by a conditional update with a lease, sent outside any transaction, then marked. A worker that dies
in between leaves a lease that runs out: the message is sent again rather than never, with the same Message-ID.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from notifications.channels import DeliveryError, channel_named
from notifications.models import DeliveryStatus, NotificationLog

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
GIVE_UP_AFTER = 8
ROUND = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=30)


def deliver_due(*, at: datetime, limit: int = 500) -> int:
    """Send what is due at an instant, at most `limit` messages and for about a minute; return how many were sent."""
    return sum(_deliver(message, at) for message in _leased(at, limit))


def _leased(at: datetime, limit: int) -> Iterator[NotificationLog]:
    """Lease one due message after another; those that other workers hold are skipped.

    Leases count from `at`, so no message is leased long after it, however slow the mail server is.
    """
    began = time.monotonic()
    for _ in range(limit):
        if time.monotonic() - began > ROUND.total_seconds():
            return
        with transaction.atomic():
            due = NotificationLog.objects.filter(
                status__in=[DeliveryStatus.PENDING, DeliveryStatus.SENDING], due_at__lte=at
            ).order_by("due_at")
            message = due.select_for_update(skip_locked=True).first()
            if message is None:
                return
            # Committed before the mail goes out: of a worker that dies, another takes over when the lease ends.
            message.status, message.due_at = DeliveryStatus.SENDING, at + LEASE
            message.attempts += 1
            message.save(update_fields=["status", "due_at", "attempts"])
        yield message


def _deliver(message: NotificationLog, at: datetime) -> bool:
    try:
        channel_named(message.channel).send(message)
    except DeliveryError as error:
        _put_off(message, at, str(error), give_up=error.permanent)
        return False
    except Exception as error:  # a message that cannot even be written must hold up no other
        logger.exception("message %s cannot be written or sent", message.id)
        _put_off(message, at, str(error))
        return False
    message.status, message.sent_at, message.last_error = DeliveryStatus.SENT, at, ""
    message.save(update_fields=["status", "sent_at", "last_error"])
    return True


def _put_off(message: NotificationLog, at: datetime, why: str, *, give_up: bool = False) -> None:
    """Try again later, each time twice as late, or give up: at once, or after the last try."""
    give_up = give_up or message.attempts >= GIVE_UP_AFTER
    message.status = DeliveryStatus.FAILED if give_up else DeliveryStatus.PENDING
    message.due_at = at + FIRST_RETRY * 2 ** (message.attempts - 1)
    message.last_error = why[:500]
    message.save(update_fields=["status", "due_at", "last_error"])
    logger.warning("message %s was not sent: %s", message.id, why)
