"""Closing what was written: a digest over every business's new entries, chained to the one before."""

from uuid import UUID

from django.db import connection, transaction

from audit.reading import unsealed_businesses

ENTRIES_A_SEAL = 10_000


def seal_all() -> int:
    """Seal what is new in every business, as the worker role; return how many seals were made.

    One transaction a seal. A business that is busy is tried once more after all others, then left for the next round.
    """
    busy, made = [], 0
    for business_id in unsealed_businesses():
        done = seal_history(business_id)
        made += done or 0
        if done is None:
            busy.append(business_id)
    return made + sum(seal_history(business_id) or 0 for business_id in busy)


def seal_history(business_id: UUID, *, limit: int = ENTRIES_A_SEAL) -> int | None:
    """Seal what is new in one business, `limit` entries a seal; return how many seals, None while it is too busy."""
    made = 0
    while covered := _seal(business_id, limit):
        made += 1
    return made if made or covered is not None else None


def _seal(business_id: UUID, limit: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT seal_history(%s, %s)", [business_id, limit])
        covered: int | None = cursor.fetchone()[0]
        return covered
