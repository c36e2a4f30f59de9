"""Write the difference between an app's object files and its migrations as a new migration."""

import re
from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from rhivo.db.sql_objects import changes, past, present, script

_TEMPLATE = '''"""Bring the database's objects to what `{app}/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
{dependencies}
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
{forward}
""",
            reverse_sql=r"""
{backward}
""",
        ),
    ]
'''


class InvalidName(Exception):
    """A migration's name is not a Python identifier; the message says the cure."""


def unmigrated(app: str) -> list[str]:
    """Return the statements that lead from what an app's migrations leave to what its object files say."""
    return changes(past(app), present(app))


def write_migration(app: str, name: str) -> Path | None:
    """Write the next migration of an app and return its path; None if its objects are as its migrations leave them.

    It depends on the newest migration of every app: a policy may ask any table. Raises InvalidName for a bad name.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InvalidName(f"{name} is not a name for a migration: use small letters, digits and underscores.")
    old, new = past(app), present(app)
    # One function makes both directions, so no reverse has to be written, and none can be forgotten.
    forward, backward = changes(old, new), changes(new, old)
    if not forward:
        return None
    # Without a connection: what counts is which migrations there are, not which of them some database has applied.
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    leaves = sorted(graph.leaf_nodes())
    number = max((int(leaf[1][:4]) for leaf in leaves if leaf[0] == app), default=0) + 1
    path = Path(apps.get_app_config(app).path) / "migrations" / f"{number:04}_{name}.py"
    path.write_text(
        _TEMPLATE.format(app=app, dependencies=_listed(leaves), forward=script(forward), backward=script(backward))
    )
    return path


def _listed(nodes: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f'        ("{app}", "{name}"),' for app, name in nodes)
