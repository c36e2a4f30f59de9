#!/usr/bin/env python
"""Commands for operators. They run as the worker role, those that change the schema as its owner."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

AS_OWNER = {"changepassword", "migrate", "sqlmigrate", "showmigrations", "makemigrations", "sqlflush", "dbshell"}
LOCKED = (
    "Something was using a table that this command needs. The command gave up, so that no request queues behind it. "
    "Its changes are undone: run it again."
)


def cure_of(error: Exception) -> str:
    """Return what a person at a terminal is told instead of a traceback, which --traceback shows."""
    return LOCKED if isinstance(error.__cause__, LockNotAvailable) else str(error).strip()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    # Before Django reads its settings: the role decides which URL they take. An operator's own choice wins.
    role = "owner" if command in AS_OWNER else "app" if command == "runserver" else "worker"
    os.environ.setdefault("RHIVO_DB_ROLE", role)
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(cure_of(error))
