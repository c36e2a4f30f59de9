"""The worker and beat: background work as the worker role, on a static schedule."""

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
os.environ.setdefault("RHIVO_DB_ROLE", "worker")


class UnclaimedTask(Task):  # type: ignore[type-arg]  # no generic at run time
    """A task begins without claims and takes those it put in force with it, however it ends.

    Threads and processes of a worker run one task after another: what one left behind would be sent with the next
    one's BEGIN.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with acting_as(PUBLIC):
            return self.run(*args, **kwargs)


@worker_init.connect
@beat_init.connect
def _refuse_unsafe_settings(**_: Any) -> None:
    """Refuse to start in production with settings that `rhivo.checks` finds at fault, as a web process does."""
    if not settings.PRODUCTION:
        return
    # Of the settings alone: a database that is away must not keep a worker from waiting for it.
    try:
        call_command("check", tags=[Tags.security])
    except SystemCheckError as error:
        # Celery logs any Exception of a signal's receiver and goes on. SystemExit ends the process.
        raise SystemExit(str(error)) from error


app = Celery("rhivo", task_cls=UnclaimedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
