#!/usr/bin/env python
"""Operators' door. Commands run as the worker role, those that change the schema as its owner."""

import os
import sys

from django.core.management import execute_from_command_line

AS_OWNER = {"migrate", "sqlmigrate", "showmigrations", "makemigrations", "sqlflush", "dbshell"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    role = "owner" if command in AS_OWNER else "app" if command == "runserver" else "worker"
    os.environ.setdefault("RHIVO_DB_ROLE", role)
    execute_from_command_line(sys.argv)
