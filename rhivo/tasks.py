"""The worker's sign of life, which /readyz looks for."""

from celery import shared_task
from django.core.cache import cache

HEARTBEAT = "rhivo worker heartbeat"
HEARTBEAT_SECONDS = 60


@shared_task
def heartbeat() -> None:
    """Leave a mark that fades after HEARTBEAT_SECONDS."""
    cache.set(HEARTBEAT, "alive", HEARTBEAT_SECONDS)
