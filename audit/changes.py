"""What an entry of the history says in plain words."""

from dataclasses import dataclass
from typing import Any

from audit.models import AuditLog

UNTOLD = frozenset(
    {"id", "business_id", "version", "request_fingerprint", "idempotency_key", "cancellation_token_hash"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field with its value before and after as text, '–' for none."""

    name: str
    before: str
    after: str


def changes_of(entry: AuditLog) -> list[Change]:
    """Return the fields that an entry changed, those that say nothing to people left out."""
    before, after = entry.before or {}, entry.after or {}
    names = sorted((before.keys() | after.keys()) - UNTOLD)
    return [
        Change(name, _text(before.get(name)), _text(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> str:
    return "–" if value in (None, "", [], {}) else str(value)
