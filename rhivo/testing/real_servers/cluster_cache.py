"""PostgreSQL clusters that were made once and are copied for each run of the tests.

It knows folders and a lock; what a cluster holds and when two are the same is the caller's business.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ClusterCache:
    """Clusters by key. No server ever runs on what is kept here: each run has a copy, so runs cannot meet."""

    folder: Path = CHECKOUT / ".cache" / f"clusters-{os.geteuid()}"
    keep: int = 3

    def fetch(self, key: str, target: Path, make: Callable[[], None]) -> None:
        """Fill `target` with the cluster of this key; on a miss let `make` fill it, and keep a copy.

        Many processes may read at once, one makes a cluster. What a killed one left unfinished is never used.
        """
        # Many copy at once under the shared lock. The kernel drops a lock with the process that held it, also after
        # kill -9.
        with self._locked(fcntl.LOCK_SH):
            if self._copy_to(target, key):
                return
        # flock cannot be raised from shared to exclusive in one step: another may have made the cluster in between,
        # so it is looked for once more.
        with self._locked(fcntl.LOCK_EX):
            if not self._copy_to(target, key):
                make()
                self._store(target, key)
                self._prune()

    def _copy_to(self, target: Path, key: str) -> bool:
        kept = self.folder / key
        if not kept.is_dir():
            return False
        os.utime(kept)  # the last use decides what is pruned
        _copy(kept, target)
        return True

    def _store(self, source: Path, key: str) -> None:
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _copy(source, unfinished)
        # Renamed last, which is atomic: a process that dies before leaves a folder that is no key.
        unfinished.rename(self.folder / key)

    def _prune(self) -> None:
        """Remove all but the clusters that were used last. Nobody reads: the lock is held alone."""
        kept = [path for path in self.folder.iterdir() if path.is_dir()]
        for old in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)[self.keep :]:
            shutil.rmtree(old)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, how)
            yield


def _copy(source: Path, target: Path) -> None:
    """Copy what is in a folder, with owners and modes."""
    target.mkdir(parents=True, exist_ok=True)
    # cp -a and not shutil: PostgreSQL refuses a data folder whose owner or mode is another, and shutil keeps no
    # owners.
    subprocess.run(["/bin/cp", "-a", f"{source}/.", target], check=True)
    os.utime(target)
