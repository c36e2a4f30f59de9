"""The worker and beat: background work as the worker role. CELERY_BEAT_SCHEDULE in the settings says what runs when."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import beat_init, worker_init
from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from rhivo.claims import PUBLIC, acting_as

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
# A default alone: web processes import this module too, to bind tasks, and have named their own role before.
os.environ.setdefault("RHIVO_DB_ROLE", "worker")


class UnclaimedTask(Task):  # type: ignore[type-arg]  # no generic at run time
    """A task that begins without claims, and whose claims end with it, however it ends."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # A worker runs one task after another in the same thread: claims that one left would be sent with the BEGIN of
        # the next, which would act for another tenant.
        with acting_as(PUBLIC):
            return self.run(*args, **kwargs)


@worker_init.connect
@beat_init.connect
def _refuse_unsafe_settings(**_: Any) -> None:
    """Refuse to start in production with settings that `rhivo.checks` finds at fault, as a web process does."""
    if not settings.PRODUCTION:
        return
    # Only the settings: a worker may start before the database does, and waits for it.
    try:
        call_command("check", tags=[Tags.security])
    except SystemCheckError as error:
        # Celery logs any Exception of a signal's receiver and goes on. SystemExit ends the process.
        raise SystemExit(str(error)) from error


app = Celery("rhivo", task_cls=UnclaimedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
