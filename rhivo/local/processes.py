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

    On Linux the kernel sends it `orphan_signal` when the launcher dies, even of SIGKILL. Spawn it from the main thread:
    the kernel watches the thread that forked, not the process.
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
                # A terminal's Ctrl-C reaches the launcher alone, which stops its children in order. It also makes the
                # child the leader of a process group, for kill().
                start_new_session=True,
                # Safe: it takes no lock that another thread could hold.
                preexec_fn=_follow_parent(orphan_signal),  # noqa: PLW1509
                user=user,
                group=group,
                # Else the child would keep the groups of root.
                extra_groups=None if user is None else [],
            )
        if process.stdin:
            # A program that has ended already reads nothing; its caller sees that from `running`.
            with process.stdin as pipe, contextlib.suppress(BrokenPipeError):
                pipe.write(stdin)
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM, *, grace: float = 10) -> None:
        """Ask it to end; after `grace` seconds kill it and all that it started."""
        if self.running:
            self.process.send_signal(how)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def kill(self) -> None:
        """Kill it and all that it started, without waiting: fit for a signal handler."""
        # Once its end was collected, its number may belong to another process.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def tail(self, lines: int = 15) -> str:
        return tail(self.log, lines)


def tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def started_at(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None if it is gone, '' where nothing tells.

    Pid and start together name a process for ever; a pid alone is given to another one sooner or later.
    """
    if sys.platform != "linux":
        return "" if _answers_signals(pid) else None
    try:
        # proc(5): the second field is the program's name in brackets, which may hold spaces and brackets itself. After
        # it come the state (field 3) and, nineteen further, the start (field 22).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # A zombie has ended: only its parent has not asked yet how.
    return None if fields[0] in "ZX" else fields[19]


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free now. Another process may take it first: be ready to ask again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Return whether a port can be listened on; raise PermissionError if this user may not."""
    # ::1 as well, though only 127.0.0.1 is served: browsers try it first for `localhost` and would meet another's page.
    return all(_can_listen(family, host, port) for family, host in _LOOPBACKS)


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Return True as soon as a condition holds, False if it still does not after some seconds."""
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
            # As servers do. Without it a port counts as taken for a minute after its last connection (TIME_WAIT).
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise
    except OSError:
        # Without IPv6 there is no ::1 to listen on, and no other program there either.
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
    """Return what makes the kernel send a signal to a child when its parent dies.

    The child calls it between fork and exec, after its change of user: that would cancel the request (prctl(2)).
    """
    parent = os.getpid()

    def follow() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
        # The race: 1. this child is forked; 2. the parent dies, and the child gets another parent; 3. prctl() has the
        # kernel watch that other one, which lives on. So look who the parent is, after prctl().
        if os.getppid() != parent:
            os._exit(1)

    return follow
