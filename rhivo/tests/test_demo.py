"""The demo launcher: what it refuses before it starts anything, what it keeps, and how others find it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rhivo.local import demo_launcher, running_demo
from rhivo.local.console import Stopped, stop_signals
from rhivo.local.demo_folder import DemoFolder, FolderUnusable
from rhivo.local.demo_launcher import Options
from rhivo.local.processes import Child, free_port, port_is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "running.json"


def test_a_taken_port_is_explained_before_anything_starts(
    taken_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = demo_launcher.run(Options(port=taken_port, data_dir=tmp_path / "demo"))
    assert code == 1
    assert f"Port {taken_port} is taken. Choose another: manage.py demo --port " in capsys.readouterr().out
    assert not (tmp_path / "demo" / "postgres").exists()


def test_a_port_taken_only_on_ipv6_counts_as_taken() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        listener.listen()
        assert not port_is_free(listener.getsockname()[1])


def test_a_second_demo_in_one_folder_is_told_who_uses_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with DemoFolder(tmp_path).locked():
        assert demo_launcher.run(Options(port=free_port(), data_dir=tmp_path)) == 1
    assert f"(process {os.getpid()})" in capsys.readouterr().out


def test_a_folder_remembers_whether_its_last_demo_ended_cleanly(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    with folder.locked():
        assert not folder.left_in_disorder
    (tmp_path / "lock").write_text("4711")
    with folder.locked():
        assert folder.left_in_disorder


def test_secrets_are_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    first = DemoFolder(tmp_path).secrets()
    assert DemoFolder(tmp_path).secrets() == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_folder_with_other_things_in_it_is_neither_used_nor_wiped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "mail").mkdir()
    assert demo_launcher.run(Options(port=free_port(), data_dir=tmp_path, reset=True)) == 1
    assert "holds other things" in capsys.readouterr().out
    assert {entry.name for entry in tmp_path.iterdir()} == {"thesis.txt", "mail"}


def test_wiping_removes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    with folder.locked():
        before = folder.secrets()
        (folder.mail / "1.eml").touch()
        (tmp_path / "notes.txt").touch()
        folder.wipe()
        assert list(folder.mail.iterdir()) == []
        assert (tmp_path / "notes.txt").exists()
        assert folder.secrets() != before


def test_an_unusable_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable, match="--data-dir"), DemoFolder(tmp_path / "file" / "demo").locked():
        pass


def test_other_commands_find_a_running_demo(note: Path) -> None:
    assert running_demo.environment(note) == {}
    assert _publish(note)
    assert running_demo.environment(note) == {"DATABASE_URL": "postgresql://here"}
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    running_demo.withdraw(note)
    assert not note.exists()


def test_the_note_of_a_demo_that_is_gone_is_ignored_and_replaced(note: Path) -> None:
    _publish(note)
    content = json.loads(note.read_text())
    note.write_text(json.dumps(content | {"started": "1"}))  # the pid is somebody else's by now
    assert running_demo.environment(note) == {}
    assert _publish(note)
    assert running_demo.environment(note) != {}


def test_a_second_demo_of_a_checkout_leaves_the_note_of_the_first(note: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _PUBLISH_AND_WAIT, note], stdin=-1, stdout=-1) as first:
        assert first.stdout
        assert first.stdout.readline() == b"True\n"
        assert not _publish(note)
        running_demo.withdraw(note)
        assert note.exists()
        first.kill()


def test_what_is_half_written_is_no_note(note: Path) -> None:
    note.write_text('{"pid": 1')
    assert running_demo.environment(note) == {}


def test_the_first_signal_stops_in_order_wherever_the_launcher_is() -> None:
    with pytest.raises(Stopped), stop_signals(at_second=lambda: None):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()


def test_a_child_that_ends_by_itself_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    demo = demo_launcher._Demo(Options(), DemoFolder(tmp_path))
    child = Child.spawn("web", ["/bin/sh", "-c", "echo no such module; exit 3"], log=tmp_path / "web.log")
    demo.children.append(child)
    child.process.wait()
    with pytest.raises(demo_launcher.CannotRun, match=r"(?s)The web process ended by itself.*no such module"):
        demo._check_parts()


def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo trapped; while :; do sleep 1; done"
    child = Child.spawn("stubborn", ["/bin/sh", "-c", stubborn], log=tmp_path / "log")
    while "trapped" not in child.tail():
        os.sched_yield()
    child.stop(grace=0.2)
    assert child.process.returncode == -signal.SIGKILL


_PUBLISH_AND_WAIT = (
    "import sys; from pathlib import Path; from rhivo.local import running_demo\n"
    "print(running_demo.publish(url='', data_dir=Path(), environment={}, note=Path(sys.argv[1])), flush=True)\n"
    "sys.stdin.read()"
)


def _publish(note: Path) -> bool:
    return running_demo.publish(
        url="http://localhost:8000",
        data_dir=note.parent,
        environment={"DATABASE_URL": "postgresql://here"},
        note=note,
    )
