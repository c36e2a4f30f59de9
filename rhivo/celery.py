"""The worker and beat: background work as the worker role, on a static schedule."""

import os
from typing import Any

from celery import Celery, Task

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


app = Celery("rhivo", task_cls=UnclaimedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
