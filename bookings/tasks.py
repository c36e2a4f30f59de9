"""Background work of bookings: nothing that correctness waits for."""

from celery import shared_task

from bookings import operations
from rhivo.clock import database_now


@shared_task
def release_expired() -> int:
    """Clear away holds that ran out; beat runs it every minute."""
    # Holds run out by the database's clock: a worker whose own is ahead would end live ones.
    return operations.release_expired(at=database_now())
