"""Reading the history in order, however long it is. Decides nothing: `seal` and `verify` do.

Each function is one statement, hence one snapshot. Runs as the worker role, which sees every business.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, transaction

INSTALLATION = UUID(int=0)  # the history of what concerns no business in particular, such as an export of everything
FETCHED_AT_ONCE = 1000
Row = TypeVar("Row", bound=tuple[Any, ...])
# Six decimals and a Z, whatever time zone and DateStyle are in force: hashes are made of this very text.
_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_ENTRY = f"""
    id, entity, entity_id::text, action, actor_kind, actor, actor_role, reason, request_id, before::text, after::text,
    {_INSTANT.format("at")} AS at, previous_hash, hash
"""
_SEAL = f"id, last_entry_id, entries, digest, previous_digest, {_INSTANT.format('sealed_at')} AS sealed_at"
# From one business to the next by the index audit_by_business: DISTINCT would read every entry there is.
_BUSINESSES = """
    WITH RECURSIVE known AS (
        (SELECT business_id FROM audit_logs ORDER BY business_id LIMIT 1)
        UNION ALL
        SELECT (SELECT l.business_id FROM audit_logs l WHERE l.business_id > k.business_id
                ORDER BY l.business_id LIMIT 1)
        FROM known k WHERE k.business_id IS NOT NULL
    )
    SELECT business_id FROM known WHERE business_id IS NOT NULL
"""
# Each seal leaves an entry. If that were new, a seal would call for the next one for ever.
_UNSEALED = f"""
    SELECT business_id FROM ({_BUSINESSES}) AS known
    WHERE COALESCE((SELECT id FROM audit_logs l WHERE l.business_id = known.business_id AND entity <> 'seal'
                    ORDER BY id DESC LIMIT 1), 0)
          > COALESCE((SELECT max(last_entry_id) FROM audit_seals s WHERE s.business_id = known.business_id), 0)
"""
# `id > …` stands outside: the first entry after a seal is compared with one before it, which lag() must still see.
_IN_CHAINS = f"""
    SELECT {_ENTRY}, before_id, before_hash, before_previous FROM (
        SELECT *, lag(id) OVER chain AS before_id, lag(hash) OVER chain AS before_hash,
               lag(previous_hash) OVER chain AS before_previous
        FROM audit_logs WHERE business_id = %s WINDOW chain AS (PARTITION BY entity, entity_id ORDER BY id)
    ) AS chained WHERE id > %s ORDER BY entity, entity_id, id
"""
_BRIEF = "id, hash, CASE WHEN entity = 'seal' THEN after ->> 'digest' END AS recorded_digest"
# FULL: a seal whose last entry was deleted is still there, and must be seen.
_IN_ORDER = f"""
    SELECT l.*, s.* FROM (SELECT {{what}} FROM audit_logs WHERE business_id = %s AND id > %s) AS l
    FULL JOIN (SELECT {_SEAL} FROM audit_seals WHERE business_id = %s AND last_entry_id > %s) AS s
        ON s.last_entry_id = l.id
    ORDER BY COALESCE(l.id, s.last_entry_id)
"""


class Entry(NamedTuple):
    """One entry as text, its jsonb in the canonical form in which PostgreSQL writes it."""

    id: int
    entity: str
    entity_id: str
    action: str
    actor_kind: str
    actor: str
    actor_role: str
    reason: str
    request_id: str
    before: str | None
    after: str | None
    at: str
    previous_hash: str
    hash: str

    def texts(self, business_id: UUID) -> list[tuple[str, str]]:
        """Return name and JSON text of each field that is hashed, in that order."""
        # `before` and `after` are passed on as PostgreSQL wrote them: read as JSON, numbers would lose digits.
        return [
            ("id", str(self.id)),
            ("business_id", f'"{business_id}"'),
            *((name, _text(getattr(self, name))) for name in Entry._fields[1:9]),
            ("before", self.before or "null"),
            ("after", self.after or "null"),
            ("at", f'"{self.at}"'),
        ]


class Before(NamedTuple):
    """The entry before one in its chain, all None for the first."""

    id: int | None
    hash: str | None
    previous_hash: str | None


class Brief(NamedTuple):
    """Of an entry what a seal covers, and the digest that it records if a seal left it."""

    id: int
    hash: str
    recorded_digest: str | None


class Seal(NamedTuple):
    id: int
    last_entry_id: int
    entries: int
    digest: str
    previous_digest: str
    sealed_at: str


def _text(value: str) -> str:
    # Escapes what PostgreSQL escapes, and leaves everything beyond ASCII as it is.
    return json.dumps(value, ensure_ascii=False)


def businesses_with_history() -> list[UUID]:
    """Return the ids of all businesses that have entries or seals, also of those that are gone."""
    return [row[0] for row in _all(f"{_BUSINESSES} UNION SELECT business_id FROM audit_seals ORDER BY 1")]


def unsealed_businesses() -> list[UUID]:
    """Return the ids of those with entries that no seal covers."""
    return [row[0] for row in _all(_UNSEALED)]


def seal_before(business_id: UUID, since: datetime | None) -> Seal | None:
    """Return the last seal below all entries from an instant on; None where everything is to be read."""
    if since is None:
        return None
    # The number is the largest bigint: if nothing was written since, the last seal of all is the one.
    found = _all(
        f"SELECT {_SEAL} FROM audit_seals WHERE business_id = %s AND last_entry_id < COALESCE("
        " (SELECT min(id) FROM audit_logs WHERE business_id = %s AND at >= %s), 9223372036854775807)"
        " ORDER BY last_entry_id DESC LIMIT 1",
        [business_id, business_id, since],
    )
    return Seal(*found[0]) if found else None


def entries_in_chains(business_id: UUID, after_id: int) -> Iterator[tuple[Entry, Before]]:
    """Yield a business's entries beyond an id, chain by chain, each with the one before it in its chain."""
    for row in _streamed(_IN_CHAINS, [business_id, after_id]):
        yield Entry(*row[:14]), Before(*row[14:])


def entries_in_order(business_id: UUID, after_id: int) -> Iterator[tuple[Entry | None, Seal | None]]:
    """Yield a business's entries beyond an id as they were written, each with the seal that ends with it."""
    for row in _streamed(_IN_ORDER.format(what=_ENTRY), [business_id, after_id] * 2):
        yield _none_if_empty(Entry(*row[:14])), _none_if_empty(Seal(*row[14:]))


def brief_entries(business_id: UUID, after_id: int) -> Iterator[tuple[Brief | None, Seal | None]]:
    """Yield the same, of entries only what a seal is made of."""
    for row in _streamed(_IN_ORDER.format(what=_BRIEF), [business_id, after_id] * 2):
        yield _none_if_empty(Brief(*row[:3])), _none_if_empty(Seal(*row[3:]))


def rows_unlike_history(business_id: UUID) -> list[tuple[str, UUID, int | None, str]]:
    """Return (entity, id, last entry, problem) of at most ten rows that differ from what their last entry says."""
    with unhurried():
        return _all("SELECT * FROM rows_unlike_history(%s) LIMIT 10", [business_id])


@contextmanager
def unhurried() -> Iterator[None]:
    """Run a block in a transaction without time limits."""
    with transaction.atomic():
        # The limits of a login are made for requests. Between two fetches the transaction is idle while hashes are
        # computed, which takes as long as the history is.
        _all(
            "SELECT set_config('statement_timeout', '0', true),"
            " set_config('idle_in_transaction_session_timeout', '0', true)"
        )
        yield


def _streamed(query: str, values: list[Any]) -> Iterator[tuple[Any, ...]]:
    # A cursor of the server's: an ordinary one would bring the whole history into memory.
    with unhurried(), connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(FETCHED_AT_ONCE):
            yield from rows


def _none_if_empty(row: Row) -> Row | None:
    return row if any(value is not None for value in row) else None


def _all(query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
