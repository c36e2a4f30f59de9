"""Sealing what was written: a digest over every business's new entries, chained to the one before.

The reckoning is done by `seal_history()` in SQL: no login may write a seal.
"""

import logging
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from audit.chain.entries import unsealed_businesses

logger = logging.getLogger(__name__)

ENTRIES_A_SEAL = 10_000  # the server joins their lines to one text in memory, some 80 bytes each


def seal_all() -> int:
    """Seal what is new in every business, as the worker role; return how many seals were made.

    One transaction a seal. A business that is busy is tried once more after all others, then left for the next round;
    one that cannot be sealed keeps no other from it.
    """
    outcomes = {business_id: _seal_or_log(business_id) for business_id in unsealed_businesses()}
    # None: it was busy. By now the others have taken their time, and its writers may be done.
    again = [_seal_or_log(business_id) for business_id, made in outcomes.items() if made is None]
    return sum(made or 0 for made in [*outcomes.values(), *again])


def _seal_or_log(business_id: UUID) -> int | None:
    try:
        return seal_history(business_id)
    except DatabaseError:
        # Not None: what failed once is left for the next round, not tried again at once.
        logger.exception("the history of %s could not be sealed", business_id)
        return 0


def seal_history(business_id: UUID, *, limit: int = ENTRIES_A_SEAL) -> int | None:
    """Seal what is new in one business, `limit` entries a seal; return how many seals, None while it is too busy."""
    made = 0
    # A transaction a seal: between two, the lock that keeps other sealers away is given back.
    while covered := _seal(business_id, limit):
        made += 1
    # Too busy after some seals were made is no failure: the rest comes in the next round.
    return made if made or covered is not None else None


def _seal(business_id: UUID, limit: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT seal_history(%s, %s)", [business_id, limit])
        covered: int | None = cursor.fetchone()[0]
        return covered
