"""What an entry of the history changed."""

from dataclasses import dataclass
from typing import Any

from audit.models import AuditLog

UNTOLD = frozenset(
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
    names = sorted((before.keys() | after.keys()) - UNTOLD)
    return [
        Change(name, before.get(name), after.get(name)) for name in names if _said(before, name) != _said(after, name)
    ]


def _said(snapshot: dict[str, Any], name: str) -> Any:
    """Return a value, None for all that says nothing, so that a new thing shows only what it has."""
    value = snapshot.get(name)
    return None if value in ("", [], {}) else value
