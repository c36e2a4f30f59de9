"""Telling the audit triggers why something is done."""

from contextvars import ContextVar

from django.db import connection

_given: ContextVar[bool] = ContextVar("rhivo_reason_given", default=False)


def because(reason: str) -> None:
    """Give the reason that the entries in the history carry until the present operation ends."""
    _set(reason)
    _given.set(True)


def forget_reason() -> None:
    """Let the next operation in the same transaction have reasons of its own."""
    if _given.get():
        _set("")
        _given.set(False)


def _set(reason: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rhivo.reason', %s, true)", [reason])
