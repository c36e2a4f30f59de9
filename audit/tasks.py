"""Background work of the history: Celery finds its tasks in a module of this name."""

from celery import shared_task

from audit.chain.seal import seal_all


@shared_task
def seal() -> int:
    """Seal what is new in every business; beat runs it every ten minutes."""
    return seal_all()
