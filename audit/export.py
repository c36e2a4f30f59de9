"""Writing the history out as JSON Lines that `audit/verify_export.py` verifies without this installation."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.chain.entries import Entry, Seal, entries_in_order, seal_before


def export_lines(business_ids: Iterable[UUID], *, since: datetime | None, at: datetime) -> Iterator[str]:
    """Yield the lines of an export: a head, each business's start, entries and seals, and an end that counts them.

    With `since` a business's history begins behind the last seal before that instant, which its start carries.
    """
    # `format` is for programs that read exports, should its lines ever change.
    yield _line(kind="export", format=1, at=at.isoformat(), since=since and since.isoformat())
    entries = seals = 0
    for business_id in business_ids:
        anchor = seal_before(business_id, since)
        yield _line(kind="start", business_id=str(business_id), seal=anchor and _seal_fields(business_id, anchor))
        for entry, seal in entries_in_order(business_id, anchor.last_entry_id if anchor else 0):
            if entry:
                entries += 1
                yield _entry_line(business_id, entry)
            if seal:
                seals += 1
                yield _line(kind="seal", **_seal_fields(business_id, seal))
    # Without it a file that was cut off between two seals would look whole.
    yield _line(kind="end", entries=entries, seals=seals)


def _entry_line(business_id: UUID, entry: Entry) -> str:
    """Return an entry as a line of JSON."""
    # Put together from texts: its jsonb stays as PostgreSQL wrote it, so that not a digit changes.
    hashes = [("previous_hash", f'"{entry.previous_hash}"'), ("hash", f'"{entry.hash}"')]
    fields = ", ".join(f'"{name}": {text}' for name, text in [*entry.texts(business_id), *hashes])
    return f'{{"kind": "entry", {fields}}}\n'


def _seal_fields(business_id: UUID, seal: Seal) -> dict[str, Any]:
    return {"business_id": str(business_id)} | seal._asdict()


def _line(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"
