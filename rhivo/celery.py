"""The worker and beat: background work as the worker role. CELERY_BEAT_SCHEDULE in the settings says what runs when."""

import os
from typing import Any

from celery import Celery, Task

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


app = Celery("rhivo", task_cls=UnclaimedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
