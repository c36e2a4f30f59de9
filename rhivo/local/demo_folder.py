"""The demo's folder: what lies where, who uses it, and what may be thrown away."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

_SECRETS = ("SECRET_KEY", "JWT_SECRET", "app_password", "worker_password", "owner_password")
_DISPOSABLE = ("postgres", "valkey", "mail", "logs", "beat", "secrets.json")
_KEPT = ("lock", "running.json")


class FolderUnusable(Exception):
    """The message says what is in the way and what to do."""


class DemoFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.valkey = path / "valkey"
        self.mail = path / "mail"
        self.logs = path / "logs"
        self.beat = path / "beat"
        self.left_in_disorder = False
        """Whether the last launcher was killed: what it started may be about to end only now."""

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only launcher in this folder, made if need be; the kernel lifts the lock however this process ends."""
        try:
            self._make()
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise FolderUnusable(f"{error}.\nChoose another folder: manage.py demo --data-dir DIR") from error
        with lock:
            lock.seek(0)
            note = lock.read()
            self._claim(lock.fileno(), holder=note)
            self.left_in_disorder = bool(note)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                lock.truncate(0)

    def secrets(self) -> dict[str, str]:
        """Generated once, so that log-ins and tokens outlive a restart; readable by this user only."""
        store = self.path / "secrets.json"
        known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
        complete = {name: known.get(name) or secrets.token_urlsafe(32) for name in _SECRETS}
        if complete != known:
            unfinished = store.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)
            unfinished.write_text(json.dumps(complete, indent=2))
            unfinished.replace(store)
        return complete

    def wipe(self) -> None:
        """Only what the demo made; the secrets last, because they mark the folder as the demo's."""
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
        if "secrets.json" not in names and names - {*_DISPOSABLE, *_KEPT}:
            raise FolderUnusable(f"{self.path} holds other things. Choose an empty or a new folder: --data-dir DIR")
        self._make_subfolders()

    def _make_subfolders(self) -> None:
        for folder in (self.mail, self.logs, self.beat):
            folder.mkdir(exist_ok=True)

    def _claim(self, lock: int, *, holder: str) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderUnusable(
                f"A demo already runs from {self.path} (process {holder or 'unknown'}). Stop it first, "
                "or run a second one beside it: manage.py demo --data-dir DIR --port 8001"
            ) from error
