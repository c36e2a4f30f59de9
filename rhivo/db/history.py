"""The reason that the audit triggers write beside a change."""

from contextvars import ContextVar

from django.db import connection

_given: ContextVar[bool] = ContextVar("rhivo_reason_given", default=False)


def because(reason: str) -> None:
    """Give the reason that further entries of this operation carry in the history."""
    # Remembered here too, so that an operation without a reason costs no round trip to end it.
    _given.set(bool(reason))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rhivo.reason', %s, true)", [reason])


def no_more_reason() -> None:
    """End what `because` began, since the next operation in the same transaction has a reason of its own."""
    if _given.get():
        because("")
