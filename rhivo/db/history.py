"""Telling the audit triggers why something is done."""

from django.db import connection


def because(reason: str) -> None:
    """Give the reason that this transaction's further entries in the history carry."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rhivo.reason', %s, true)", [reason])
