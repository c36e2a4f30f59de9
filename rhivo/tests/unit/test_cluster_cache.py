"""What is kept of a test cluster is whole, belongs to the present schema, and is never shared by two runs."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from rhivo.testing.real_servers.cluster_cache import ClusterCache
from rhivo.testing.template_database import fingerprint


@pytest.fixture
def cache(tmp_path: Path) -> ClusterCache:
    return ClusterCache(tmp_path / "cache", keep=2)


def fetched(cache: ClusterCache, key: str, target: Path, content: str = "made") -> str:
    """Fetch a cluster of one file, made with this content if it is not there; return what is in the file."""

    def make() -> None:
        target.mkdir(parents=True)
        (target / "PG_VERSION").write_text(content)

    cache.fetch(key, target, make)
    return (target / "PG_VERSION").read_text()


def test_a_cluster_is_made_once_and_then_copied(cache: ClusterCache, tmp_path: Path) -> None:
    assert fetched(cache, "key", tmp_path / "first", "made") == "made"
    assert fetched(cache, "key", tmp_path / "second", "made again") == "made"


def test_what_a_run_does_to_its_copy_reaches_no_other(cache: ClusterCache, tmp_path: Path) -> None:
    for run in ("maker", "copier"):
        fetched(cache, "key", tmp_path / run)
        (tmp_path / run / "PG_VERSION").write_text("spoiled")
    assert fetched(cache, "key", tmp_path / "third") == "made"


def test_another_key_has_another_cluster(cache: ClusterCache, tmp_path: Path) -> None:
    fetched(cache, "key", tmp_path / "first")
    assert fetched(cache, "other", tmp_path / "second", "other") == "other"


def test_owners_and_modes_are_kept(cache: ClusterCache, tmp_path: Path) -> None:
    def make() -> None:
        (tmp_path / "first" / "data").mkdir(parents=True)
        (tmp_path / "first" / "data").chmod(0o700)
        if os.geteuid() == 0:
            os.chown(tmp_path / "first" / "data", 65534, 65534)

    cache.fetch("key", tmp_path / "first", make)
    cache.fetch("key", tmp_path / "second", pytest.fail)
    made, copied = ((tmp_path / run / "data").stat() for run in ("first", "second"))
    assert (copied.st_mode, copied.st_uid, copied.st_gid) == (made.st_mode, made.st_uid, made.st_gid)


def test_a_cluster_that_could_not_be_made_is_not_kept(cache: ClusterCache, tmp_path: Path) -> None:
    def make() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.fetch("key", tmp_path / "first", make)
    assert fetched(cache, "key", tmp_path / "second", "made at last") == "made at last"


def test_a_process_killed_half_way_leaves_neither_lock_nor_cluster(cache: ClusterCache, tmp_path: Path) -> None:
    def make() -> None:
        (cache.folder / "unfinished").mkdir()
        (cache.folder / "unfinished" / "PG_VERSION").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    victim = multiprocessing.get_context("fork").Process(target=cache.fetch, args=("key", tmp_path / "first", make))
    victim.start()
    victim.join()
    assert victim.exitcode == -signal.SIGKILL
    assert fetched(cache, "key", tmp_path / "second", "whole") == "whole"
    assert fetched(cache, "key", tmp_path / "third") == "whole"


def test_runs_that_start_together_make_one_cluster(cache: ClusterCache, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(6)

    def run(name: str) -> None:
        start.wait(timeout=30)
        (tmp_path / f"{name}.seen").write_text(fetched(cache, "key", tmp_path / name, name))

    runs = [context.Process(target=run, args=(f"run{number}",)) for number in range(6)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    seen = [path.read_text() for path in tmp_path.glob("*.seen")]
    assert len(seen) == 6
    assert len(set(seen)) == 1


def test_the_clusters_used_last_are_kept(cache: ClusterCache, tmp_path: Path) -> None:
    fetched(cache, "old", tmp_path / "1")
    fetched(cache, "older", tmp_path / "2")
    for age, key in enumerate(("old", "older"), start=1):
        os.utime(cache.folder / key, (1000 - age, 1000 - age))
    fetched(cache, "older", tmp_path / "3")  # used again: now `old` is the one that nobody used
    fetched(cache, "new", tmp_path / "4")
    assert {path.name for path in cache.folder.iterdir() if path.is_dir()} == {"older", "new"}


@pytest.mark.parametrize(
    "file", ["bookings/migrations/0002_new.py", "bookings/sql/functions/f.sql", "audit/models.py", "requirements.txt"]
)
def test_whatever_shapes_the_database_changes_the_fingerprint(tmp_path: Path, file: str) -> None:
    before = fingerprint(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("")
    added = fingerprint(tmp_path)
    (tmp_path / file).write_text("changed")
    assert len({before, added, fingerprint(tmp_path)}) == 3


def test_other_files_leave_the_fingerprint_alone(tmp_path: Path) -> None:
    before = fingerprint(tmp_path)
    (tmp_path / "bookings").mkdir()
    (tmp_path / "bookings" / "tasks.py").write_text("")
    assert fingerprint(tmp_path) == before
