"""What an entry of the history changed."""

from dataclasses import dataclass
from typing import Any

from audit.models import AuditLog

# Columns that are never changed by people, or say nothing to them.
NOT_SHOWN = frozenset(
    {"id", "business_id", "version", "request_fingerprint", "idempotency_key", "cancellation_token_hash", "created_at"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a thing with its value before and after, None for none."""

    name: str
    before: Any
    after: Any


def changes_of(entry: AuditLog) -> list[Change]:
    """Return the fields that an entry changed, those that say nothing to people left out."""
    before, after = entry.before or {}, entry.after or {}
    # Of both: a column that was added or dropped since stands in one of the two only.
    names = sorted((before.keys() | after.keys()) - NOT_SHOWN)
    return [
        Change(name, before.get(name), after.get(name)) for name in names if _value(before, name) != _value(after, name)
    ]


def _value(snapshot: dict[str, Any], name: str) -> Any:
    """Return a value, None for an empty one, so that a new thing shows only what it has."""
    value = snapshot.get(name)
    return None if value in ("", [], {}) else value
