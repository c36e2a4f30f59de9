"""Refuses Django's command: nobody may empty the tables, because the history cannot be rewritten."""

from rhivo.management.refused_command import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: the history cannot be emptied."
    instead = (
        "No role may empty the tables, because the history cannot be rewritten. Begin anew with an empty database: "
        "`make demo-reset` for the demo, else DROP DATABASE as the administrator, `manage.py create_roles` and "
        "`manage.py migrate`."
    )
