"""Recomputing the history of a business: each hash, chain and seal, and whether rows are as their last entries say.

`audit/verify_export.py` does the same to an export, with code of its own: who doubts one may ask the other.
"""

import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.chain.entries import (
    Before,
    Brief,
    Entry,
    Seal,
    brief_entries,
    entries_in_chains,
    rows_unlike_history,
    seal_before,
)
from rhivo.text.plurals import counted


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified, and in words the first thing that is wrong, '' if nothing is."""

    entries: int
    seals: int
    problem: str = ""


def verify_history(business_id: UUID, *, since: datetime | None = None) -> Verified:
    """Recompute the history of a business, as the worker role; bookings may go on meanwhile.

    With `since`, entries and seals are recomputed from the last seal before that instant on, which is trusted. Rows are
    compared with their last entries in any case. Memory does not grow with the history.
    """
    anchor = seal_before(business_id, since)
    entries, first_bad = 0, None
    for entry, before in entries_in_chains(business_id, anchor.last_entry_id if anchor else 0):
        entries += 1
        problem = _problem_of(business_id, entry, before)
        # Chains come one after the other: the earliest damage may be in the last one.
        if problem and (first_bad is None or entry.id < first_bad[0].id):
            first_bad = entry, problem
    seals, broken_seal = _check_seals(business_id, anchor)
    if first_bad is not None:
        return Verified(entries, seals, f"{describe(first_bad[0])}: {first_bad[1]}")
    # A seal breaks by what happened to entries. So it is named last, when nothing says more of the cause.
    return Verified(entries, seals, _secret_change(business_id) or broken_seal)


def describe(entry: Entry) -> str:
    """Return in words which entry is meant."""
    return f"entry {entry.id} ({entry.entity} {entry.entity_id}, {entry.action!r}, {entry.at})"


def hash_of(business_id: UUID, entry: Entry) -> str:
    """Return what the hash of an entry must be; docs/history.md spells it out."""
    text = f"[{', '.join(text for _, text in entry.texts(business_id))}]"
    return hashlib.sha256((entry.previous_hash + text).encode()).hexdigest()


def _problem_of(business_id: UUID, entry: Entry, before: Before) -> str:
    if hash_of(business_id, entry) != entry.hash:
        return "what it says is not what its hash was made of, so it was edited"
    if entry.previous_hash == (before.hash or ""):
        return ""
    if before.id is None:
        return "the entry that it continues is missing"
    if not entry.previous_hash:
        return f"it begins the history of this {entry.entity} a second time, after entry {before.id}, so one is forged"
    if entry.previous_hash == before.previous_hash:
        return f"it continues the same entry as entry {before.id} does, so one of the two is forged"
    return f"it does not continue entry {before.id}, so one between them is missing or they changed places"


def _secret_change(business_id: UUID) -> str:
    for entity, entity_id, last_entry_id, problem in rows_unlike_history(business_id):
        last = f" (its last entry is {last_entry_id})" if last_entry_id else ""
        return f"{entity} {entity_id}{last}: {problem}; it was changed in secret, or entries are missing at the end"
    return ""


def _check_seals(business_id: UUID, anchor: Seal | None) -> tuple[int, str]:
    """Return how many seals there are, and what is wrong with the first that is not as it must be."""
    checked = _Seals(business_id, anchor)
    count, problem = 0, ""
    for entry, seal in brief_entries(business_id, anchor.last_entry_id if anchor else 0):
        # After a first problem the digests fit no more: only the counting goes on.
        problem = problem or (checked.entry(entry) if entry else "")
        if seal:
            count += 1
            problem = problem or checked.seal(seal)
    return count, problem or checked.end()


class _Seals:
    """Follows entries in order and recomputes the seals over them."""

    def __init__(self, business_id: UUID, anchor: Seal | None) -> None:
        self._business_id = business_id
        self._digest = anchor.digest if anchor else ""
        self._running = hashlib.sha256(self._digest.encode())
        self._covered = 0
        # Seals whose own entry is still to come: it follows the entries that the seal covers, even of the trusted one.
        self._without_entry = deque([anchor] if anchor else [])

    def entry(self, entry: Brief) -> str:
        self._running.update(f"\n{entry.id} {entry.hash}".encode())
        self._covered += 1
        if entry.recorded_digest is None:
            return ""
        if self._without_entry and self._without_entry[0].digest == entry.recorded_digest:
            self._without_entry.popleft()
            return ""
        return f"entry {entry.id} records a seal that is not there, or is there with another digest"

    def seal(self, seal: Seal) -> str:
        problem = self._problem_of(seal)
        self._digest, self._covered = seal.digest, 0
        self._running = hashlib.sha256(self._digest.encode())
        self._without_entry.append(seal)
        covers = counted(seal.entries, "entry", "entries")
        where = f"seal {seal.id} ({covers} to entry {seal.last_entry_id}, {seal.sealed_at})"
        return problem and f"{where}: {problem}"

    def _problem_of(self, seal: Seal) -> str:
        if seal.previous_digest != self._digest:
            return "it does not continue the seal before it, so one was deleted, put in or edited"
        if seal.entries != self._covered:
            found = counted(self._covered, "entry", "entries")
            return f"{found} found, so some were deleted or put in, or the seal was edited"
        self._running.update(f"\n{seal.id} {self._business_id} {seal.sealed_at}".encode())
        if self._running.hexdigest() != seal.digest:
            return "its digest is not that of the entries, so some were replaced, or the seal was edited"
        return ""

    def end(self) -> str:
        if not self._without_entry:
            return ""
        return f"seal {self._without_entry[0].id} was put in: no entry records it, or the one that did is missing"
