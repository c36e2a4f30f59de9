"""Delivering what is owed: nudged after commits, and by beat in case a nudge was lost."""

import logging

from celery import shared_task

from notifications.delivery import deliver_owed
from rhivo.clock import now

logger = logging.getLogger(__name__)


@shared_task
def deliver() -> int:
    """Send every message that is due; return how many were."""
    return deliver_owed(at=now())


def nudge() -> None:
    """Ask a worker to deliver now. A broker that is away loses nothing: beat asks again."""
    try:
        deliver.apply_async(retry=False, ignore_result=True)
    except deliver.OperationalError:
        logger.warning("the broker is away: the outbox waits for beat")
