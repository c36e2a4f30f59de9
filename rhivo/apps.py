"""The kernel as a Django app."""

from django.apps import AppConfig
from django.core.checks import Tags, register

# Imported for its effect: without it a web process would send tasks through Celery's default app, which does not know
# our broker.
from rhivo.celery import app as celery_app
from rhivo.checks import SERVING, database_is_safe, settings_are_safe, static_files_are_collected

__all__ = ["RhivoConfig", "celery_app"]


class RhivoConfig(AppConfig):
    """Claims, errors, clock and database plumbing, without tables of its own."""

    name = "rhivo"

    def ready(self) -> None:
        register(settings_are_safe, Tags.security)
        register(database_is_safe, Tags.database)
        register(static_files_are_collected, SERVING, deploy=True)
