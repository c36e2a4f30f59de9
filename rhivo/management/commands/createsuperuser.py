"""Refuses Django's command: there are no superusers. What a person may do follows from their role in a business."""

from rhivo.management.refused_command import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: Rhivo has no superusers."
    instead = (
        "Rhivo has no superusers: a person works in a business as its owner or as staff. Write `owner: {email, name}` "
        "into the business's tenant file and run `manage.py import_business FILE`: the owner is mailed a link to set a "
        "password. See docs/tenant-file.md."
    )
