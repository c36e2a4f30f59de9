"""The demo's folder: what lies where, which launcher uses it, and what --reset may delete."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

_SECRETS = ("SECRET_KEY", "JWT_SECRET", "app_password", "worker_password", "owner_password")
# The order of deletion. secrets.json marks the folder as a demo's, so it goes last: a wipe that was interrupted is
# allowed again, whatever else somebody keeps there.
_DISPOSABLE = ("postgres", "valkey", "mail", "logs", "secrets.json")
_KEPT = ("lock", "running.json")


class FolderUnusable(Exception):
    """The demo cannot use its folder; the message says why and what to do."""


class DemoFolder:
    """The paths of one demo. Only the launcher that holds the lock changes anything there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.valkey = path / "valkey"
        self.mail = path / "mail"
        self.logs = path / "logs"
        self.left_in_disorder = False
        """Whether the last launcher was killed, so that its children may still be ending."""

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder if need be, and be its only launcher; raise FolderUnusable if that cannot be."""
        try:
            self._make()
            # Not "w", which would empty the note of the launcher that holds the lock.
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise FolderUnusable(f"{error}.\nChoose another folder: manage.py demo --data-dir DIR") from error
        with lock:
            lock.seek(0)
            note = lock.read()
            self._claim(lock.fileno(), holder=note)
            # A launcher that ends in order empties its note, below.
            self.left_in_disorder = bool(note)
            lock.truncate(0)
            # For the message to a second launcher, which finds the lock taken.
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                lock.truncate(0)

    def secrets(self) -> dict[str, str]:
        """Return the demo's secrets, generated once: log-ins and tokens outlive a restart."""
        store = self.path / "secrets.json"
        known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
        complete = {name: known.get(name) or secrets.token_urlsafe(32) for name in _SECRETS}
        if complete != known:
            unfinished = store.with_suffix(".unfinished")
            # One that a killed launcher left would keep its own mode.
            unfinished.unlink(missing_ok=True)
            # Readable by this user alone before anything is in it. Renamed when it is whole: half a file would be
            # no JSON at the next start.
            unfinished.touch(mode=0o600)
            unfinished.write_text(json.dumps(complete, indent=2))
            unfinished.replace(store)
        return complete

    def wipe(self) -> None:
        """Delete what the demo made there, and nothing else."""
        for name in _DISPOSABLE:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self._make_subfolders()

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in self.path.iterdir()}
        # Somebody's own folder is refused: --reset would delete a `mail` or `logs` of theirs.
        if "secrets.json" not in names and names - {*_DISPOSABLE, *_KEPT}:
            raise FolderUnusable(f"{self.path} holds other things. Choose an empty or a new folder: --data-dir DIR")
        self._make_subfolders()

    def _make_subfolders(self) -> None:
        for folder in (self.mail, self.logs):
            folder.mkdir(exist_ok=True)

    def _claim(self, lock: int, *, holder: str) -> None:
        try:
            # A lock of the kernel, not the note: it ends with this process, however that ends. Children do not hold
            # it, because Python closes the file when they start.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderUnusable(
                f"A demo already runs from {self.path} (process {holder or 'unknown'}). Stop it first, "
                "or run a second one beside it: manage.py demo --data-dir DIR --port 8001"
            ) from error
