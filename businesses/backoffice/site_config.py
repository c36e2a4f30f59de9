"""Puts Rhivo's own back office in the place of Django's admin site, and finds its pages.

A page is a class under `@admin.register` in a file `backoffice/<noun>_pages.py` of any of our apps. Nothing lists them.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "businesses.backoffice.admin_site.BackOffice"

    def ready(self) -> None:
        # Django's own search for `admin.py` comes first: it registers the groups, which business_pages takes out again.
        super().ready()
        for app in apps.get_app_configs():
            for page in _pages_of(app):
                import_module(page)


def _pages_of(app: AppConfig) -> Iterator[str]:
    for file in sorted(Path(app.path, "backoffice").glob("*_pages.py")):
        yield f"{app.name}.backoffice.{file.stem}"
