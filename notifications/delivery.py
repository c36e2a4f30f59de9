"""Deliver what is enqueued in the outbox, as the worker role, across tenants.

Each message is sent at least once. In one case it is sent twice: its worker dies after it sent it and before it marked
it. Which channel sends, and how, is left to notifications/channels/.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from notifications.channels import DeliveryError, channel_named
from notifications.models import DeliveryStatus, NotificationLog

logger = logging.getLogger(__name__)

# A lease must outlast the last message of a round: LEASE > ROUND + the longest time that a channel takes to send.
LEASE = timedelta(minutes=3)
GIVE_UP_AFTER = 8
ROUND = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=30)


def deliver_due(*, at: datetime, limit: int = 500) -> int:
    """Send what is due at an instant; return how many messages were sent.

    A round ends after `limit` messages, or with the message that is under way after a minute.
    """
    return sum(_deliver(message, at) for message in _leased(at, limit))


def _leased(at: datetime, limit: int) -> Iterator[NotificationLog]:
    """Lease one due message after another, so that no two workers send the same:

    1. The row is locked, so that another worker which looks at this moment skips it.
    2. It is marked as being sent, due again when the lease ends, and committed, which frees the lock.
    3. It is sent, outside any transaction: a slow provider must not hold a lock or a snapshot.
    4. It is marked as sent. If the worker died before, the row becomes due when the lease ends, and is sent again.
    """
    began = time.monotonic()
    for _ in range(limit):
        # Leases count from `at`, the start of the round: a message that was leased late would have little of its own.
        if time.monotonic() - began > ROUND.total_seconds():
            return
        with transaction.atomic():
            due = NotificationLog.objects.filter(
                status__in=[DeliveryStatus.PENDING, DeliveryStatus.SENDING], due_at__lte=at
            ).order_by("due_at")
            message = due.select_for_update(skip_locked=True).first()
            if message is None:
                return
            message.status, message.due_at = DeliveryStatus.SENDING, at + LEASE
            # Counted before the try: a message that kills its worker is given up in the end, too.
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
