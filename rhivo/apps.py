"""The kernel as a Django app. Loading it binds tasks to the Celery app, in web processes too."""

from django.apps import AppConfig

from rhivo.celery import app as celery_app

__all__ = ["RhivoConfig", "celery_app"]


class RhivoConfig(AppConfig):
    """Claims, errors, clock and database plumbing, without tables of its own."""

    name = "rhivo"
