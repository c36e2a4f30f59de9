"""Idempotency keys: for which request a key was used, and what was made under it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import psycopg
from django.db import OperationalError, connection

from rhivo.errors import IdempotencyMismatch, RequestInProgress


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key, and the SHA-256 of the request it is used for."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, *request: Any) -> "Once":
        """Tie a key to a request, given as values that are equal for equal requests."""
        # Sorted, since a client may give the answers to a business's questions in another order.
        canonical = json.dumps(request, sort_keys=True, default=str, separators=(",", ":"))
        return cls(key, hashlib.sha256(canonical.encode()).hexdigest())

    def made(self, lookup: Literal["hold_of_key", "appointment_of_key"], business_id: UUID) -> UUID | None:
        """Wait for another request under this key; return the id of what was made under it, or None.

        Raises IdempotencyMismatch if it was made by a different request, RequestInProgress if waiting takes too long.
        """
        # 1. Both functions lock the key until the transaction ends. 2. They look it up in a later statement, which sees
        # what the first request committed meanwhile. In one statement two requests at once would both find nothing.
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT id, request_fingerprint FROM {lookup}(%s, %s)", [business_id, self.key])
                row = cursor.fetchone()
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                raise RequestInProgress() from error
            raise
        if row is None:
            return None
        made_id, fingerprint = row
        if fingerprint != self.fingerprint:
            raise IdempotencyMismatch()
        return UUID(str(made_id))
