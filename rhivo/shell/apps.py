"""What spans our apps, as a Django app. Loading it also starts the reports of errors, in web processes and workers."""

from django.apps import AppConfig
from django.conf import settings

from rhivo.shell.error_reports import start_reports


class ShellConfig(AppConfig):
    name = "rhivo.shell"

    def ready(self) -> None:
        # Without a DSN Sentry is not started at all: nothing hooks into requests, tasks and logs.
        if settings.SENTRY_DSN:
            start_reports(settings.SENTRY_DSN, environment=settings.ENVIRONMENT, release=settings.SENTRY_RELEASE)
