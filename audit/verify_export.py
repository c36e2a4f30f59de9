"""Verify an export of the history with nothing but Python: each hash, chain and seal, as docs/history.md spells out.

It imports nothing of this project, so that a copy of it is enough beside an export.
python3 verify_export.py FILE (or - for standard input); exit code 0: intact, 1: damaged, 2: not an export.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Any

# In the order in which they are hashed: a JSON object has none.
FIELDS = ["id", "business_id", "entity", "entity_id", "action", "actor_kind", "actor", "actor_role", "reason"]
FIELDS += ["request_id", "before", "after", "at"]
Checks = Iterable[tuple[bool, str]]


def canonical(value: Any) -> str:
    """Return the one text of a JSON value that hashes are made of. Numbers are int, or Decimal to keep their digits."""
    if isinstance(value, dict):
        # PostgreSQL's order of keys in jsonb: by length in bytes, then by bytes.
        pairs = sorted(value.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode()))
        return "{" + ", ".join(f"{canonical(key)}: {canonical(item)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


class History:
    """The lines of one business, from its first entry on or from behind the seal that its start names.

    `entry` and `seal` yield each check with the problem that it would find; the caller stops at the first that fails.
    """

    def __init__(self, business_id: str, seal: dict[str, Any] | None) -> None:
        self.business_id, self.partial = business_id, seal is not None
        self.digest = seal["digest"] if seal else ""
        self.last_id, self.covered = seal["last_entry_id"] if seal else 0, 0
        self.running = hashlib.sha256(self.digest.encode())
        self.last: dict[str, str] = {}
        # Each seal leaves an entry behind it, also the one before the first line.
        self.made, self.recorded = [self.digest] if seal else [], list[str]()

    def entry(self, entry: dict[str, Any]) -> Checks:
        text = entry["previous_hash"] + canonical([entry[name] for name in FIELDS])
        yield hashlib.sha256(text.encode()).hexdigest() == entry["hash"], "it was edited"
        # In an export that begins behind a seal, what a thing's first entry continues is not there to be compared.
        thing, first = f"{entry['entity']} {entry['entity_id']}", entry["previous_hash"] if self.partial else ""
        yield entry["previous_hash"] == self.last.get(thing, first), "it does not continue the entry before it"
        yield entry["id"] > self.last_id, "it is out of order"
        self.last[thing], self.last_id, self.covered = entry["hash"], entry["id"], self.covered + 1
        self.running.update(f"\n{entry['id']} {entry['hash']}".encode())
        self.recorded += [entry["after"]["digest"]] if entry["entity"] == "seal" else []

    def seal(self, seal: dict[str, Any]) -> Checks:
        self.running.update(f"\n{seal['id']} {seal['business_id']} {seal['sealed_at']}".encode())
        yield seal["previous_digest"] == self.digest, "it does not continue the seal before it"
        yield (
            seal["entries"] == self.covered and seal["last_entry_id"] == self.last_id,
            "entries are missing or too many",
        )
        yield seal["digest"] == self.running.hexdigest(), "it was edited, or an entry below it"
        self.digest, self.covered, self.running = seal["digest"], 0, hashlib.sha256(seal["digest"].encode())
        self.made.append(self.digest)


def verify(lines: Iterable[str]) -> tuple[int, int]:
    """Return how many entries and seals there are, all intact; raises ValueError that names the first bad line."""
    history, counted = History("", None), {"entry": 0, "seal": 0}
    line: dict[str, Any] = {"kind": "nothing"}
    for number, text in enumerate(lines, 1):
        # Decimal keeps every digit of a number: float would round it, and an int may have at most 4300.
        line = json.loads(text, parse_int=Decimal, parse_float=Decimal)
        # At a start or at the end all seals so far have their entries; between two lines one may be missing still.
        checks: Checks = [(history.made == history.recorded, "of the seals before it one was deleted or put in")]
        if line["kind"] in counted:
            counted[line["kind"]] += 1
            checks = history.entry(line) if line["kind"] == "entry" else history.seal(line)
            checks = chain([(line["business_id"] == history.business_id, "it is of another business")], checks)
        for holds, problem in checks:
            if not holds:
                raise ValueError(f"line {number}, {line['kind']} {line.get('id', '')}: {problem}")
        history = History(line["business_id"], line["seal"]) if line["kind"] == "start" else history
    if line["kind"] != "end" or [line["entries"], line["seals"]] != list(counted.values()):
        raise ValueError("its end does not count what is in it: lines are missing or too many")
    return counted["entry"], counted["seal"]


def main(arguments: list[str]) -> int:
    try:
        with open(0 if arguments[0] == "-" else arguments[0], encoding="utf-8") as lines:  # noqa: PTH123
            entries, seals = verify(lines)
            nouns = "entry" if entries == 1 else "entries", "seal" if seals == 1 else "seals"
            print(f"{entries} {nouns[0]}, {seals} {nouns[1]}, all intact")  # noqa: T201
            return 0
    # Before ValueError, of which JSONDecodeError and UnicodeDecodeError are kinds.
    except (OSError, IndexError, json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        print(f"not an export of the history: {error!r}", file=sys.stderr)  # noqa: T201
        return 2
    except ValueError as damage:
        print(damage)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
