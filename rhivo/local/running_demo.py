"""The note by which other commands of this checkout find a running demo.

The settings import it, so it imports nothing of Django. It reads and writes one file.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from rhivo.local.processes import started_at

CHECKOUT = Path(__file__).resolve().parents[2]
NOTE = CHECKOUT / ".demo" / "running.json"


class _Note(TypedDict):
    pid: int
    started: str | None  # with the pid it names one process for ever
    url: str
    data_dir: str
    environment: dict[str, str]


def publish(*, url: str, data_dir: Path, environment: Mapping[str, str], note: Path = NOTE) -> bool:
    """Write the note for this process; return False if another demo of this checkout runs and has written it."""
    if _living(note) is not None:
        return False
    pid = os.getpid()
    content = _Note(pid=pid, started=started_at(pid), url=url, data_dir=str(data_dir), environment=dict(environment))
    note.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own, because two launchers may publish at once. Renamed when it is whole, because commands read it
    # at any moment.
    unfinished = note.with_name(f"{note.name}.{pid}")
    unfinished.touch(mode=0o600)  # it holds passwords
    unfinished.write_text(json.dumps(content, indent=2))
    unfinished.replace(note)
    return True


def withdraw(note: Path = NOTE) -> None:
    """Remove the note if it is this process's."""
    found = _living(note)
    if found and found["pid"] == os.getpid():
        note.unlink(missing_ok=True)


def environment(note: Path = NOTE) -> dict[str, str]:
    """Return what the running demo gave its own processes; empty if none runs."""
    found = _living(note)
    return dict(found["environment"]) if found else {}


def _living(note: Path) -> _Note | None:
    """Return the note if the process that wrote it runs."""
    # A killed demo leaves its note, and its pid may be another process's by now. That one started at another time.
    with contextlib.suppress(OSError, ValueError, KeyError):
        found: _Note = json.loads(note.read_text())
        if started_at(found["pid"]) == found["started"] is not None:
            return found
    return None
