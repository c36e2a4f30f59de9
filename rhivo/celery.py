"""The worker and beat: background work as the worker role, on a static schedule."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
os.environ.setdefault("RHIVO_DB_ROLE", "worker")

app = Celery("rhivo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
