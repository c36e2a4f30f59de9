"""Migrations whose SQL stands in files: `<app>/sql/<name>.sql`, with `<name>.reverse.sql` beside it."""

from pathlib import Path

from django.apps import apps
from django.db.migrations.operations import RunSQL


class RunSQLFile(RunSQL):
    """Run one SQL file forwards and its reverse file backwards."""

    def __init__(self, app: str, name: str) -> None:
        self.app, self.name = app, name
        folder = Path(apps.get_app_config(app).path) / "sql"
        super().__init__((folder / f"{name}.sql").read_text(), (folder / f"{name}.reverse.sql").read_text())

    def deconstruct(self) -> tuple[str, list[str], dict[str, object]]:
        return self.__class__.__qualname__, [self.app, self.name], {}
