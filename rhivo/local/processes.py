"""Child processes that never outlive this one and never hear its Ctrl-C."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """One running program, its output in `log`.

    It leads a session of its own, so that a terminal's Ctrl-C reaches only the launcher, which stops its children in
    order. On Linux the kernel sends it `orphan_signal` when the launcher dies, even of SIGKILL: spawn from the main
    thread, because the kernel watches the thread that forked.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self.process = process

    @classmethod
    def spawn(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | None = None,
        group: int | None = None,
        orphan_signal: signal.Signals = signal.SIGTERM,
        stdin: bytes = b"",
    ) -> Self:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                # Safe: it takes no lock that another thread could hold.
                preexec_fn=_follow_parent(orphan_signal),  # noqa: PLW1509
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        if process.stdin:
            with process.stdin as pipe, contextlib.suppress(BrokenPipeError):
                pipe.write(stdin)
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM, *, grace: float = 10) -> None:
        """Ask it to end; after `grace` seconds kill it and whatever it started."""
        if self.running:
            self.process.send_signal(how)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def kill(self) -> None:
        """Kill it and whatever it started, without waiting: fit for a signal handler."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def tail(self, lines: int = 15) -> str:
        return tail(self.log, lines)


def tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def started_at(pid: int) -> str | None:
    """When `pid` started, in the kernel's ticks: None once it is gone (a zombie is gone too), '' if nobody can tell.

    Pid and start together name a process for ever; a pid alone is given to another one sooner or later.
    """
    if sys.platform != "linux":
        return "" if _answers_signals(pid) else None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now; somebody may still be faster, so be ready to ask again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Raise PermissionError for a port that this user may not listen on.

    ::1 counts as well: browsers try it first for `localhost` and would meet the other program.
    """
    return all(_can_listen(family, host, port) for family, host in _LOOPBACKS)


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def _can_listen(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise
    except OSError:
        return family == socket.AF_INET6 and not _answers(host, port)
    return True


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _follow_parent(orphan_signal: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes its program; after a change of user, which would undo it."""
    parent = os.getpid()

    def follow() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
        if os.getppid() != parent:  # it died before the kernel was told to watch it
            os._exit(1)

    return follow
