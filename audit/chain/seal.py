"""Closing what was written: a digest over every business's new entries, chained to the one before."""

import logging
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from audit.chain.entries import unsealed_businesses

logger = logging.getLogger(__name__)

ENTRIES_A_SEAL = 10_000


def seal_all() -> int:
    """Seal what is new in every business, as the worker role; return how many seals were made.

    One transaction a seal. A business that is busy is tried once more after all others, then left for the next round;
    one that cannot be sealed keeps no other from it.
    """
    outcomes = {business_id: _seal_or_log(business_id) for business_id in unsealed_businesses()}
    again = [_seal_or_log(business_id) for business_id, made in outcomes.items() if made is None]
    return sum(made or 0 for made in [*outcomes.values(), *again])


def _seal_or_log(business_id: UUID) -> int | None:
    try:
        return seal_history(business_id)
    except DatabaseError:
        logger.exception("the history of %s could not be sealed", business_id)
        return 0


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
