"""The worker's sign of life, which /readyz looks for."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache

HEARTBEAT = "rhivo:worker:heartbeat"
HEARTBEAT_SECONDS = 60


@shared_task
def heartbeat() -> None:
    """Leave a mark that fades after HEARTBEAT_SECONDS."""
    cache.set(HEARTBEAT, "alive", HEARTBEAT_SECONDS)


@worker_ready.connect
def _first_sign(**_: Any) -> None:
    # Beat may start later, and /readyz would call a worker dead that has just begun.
    heartbeat()
