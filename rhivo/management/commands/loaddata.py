"""Refuses Django's command: a fixture holds rows of many businesses, and row security lets nobody write those."""

from rhivo.management.refused_command import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: row security lets nobody write rows of any business."
    instead = (
        "Row security lets no command write the rows of any business. Bring a business in with "
        "`manage.py import_business FILE`, demo businesses with `manage.py seed_demo`, and a whole database back with "
        "PostgreSQL's pg_restore."
    )
