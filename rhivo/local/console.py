"""Lines of the launcher on the terminal, one a step, and the signals that stop it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or sent a signal. Not an Exception: no `except Exception` takes it for a failure."""


def say(line: str, *, end: str = "\n") -> None:
    with contextlib.suppress(BrokenPipeError):  # `manage.py demo | head`: nobody reads on, the demo goes on
        print(line, end=end, flush=True)


@contextlib.contextmanager
def step(doing: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, then the notes that the body adds and the seconds it took."""
    say(f"  {doing} … ", end="")
    notes: list[str] = []
    began = time.monotonic()
    try:
        yield notes.append
    except BaseException:
        # The line is still open: what explains the failure begins on the next one.
        say("")
        raise
    say(", ".join([*notes, f"{time.monotonic() - began:.1f} s"]))


@contextlib.contextmanager
def stop_signals(*, at_second: Callable[[], None]) -> Iterator[None]:
    """Raise Stopped in the main thread at the first signal; at the second call `at_second` and end at once."""

    def first(signum: int, frame: FrameType | None) -> None:
        # Before raising: the second Ctrl-C comes while the first one still stops the children.
        for number in taken:
            signal.signal(number, second)
        raise Stopped

    def second(signum: int, frame: FrameType | None) -> None:
        at_second()
        # Not sys.exit(), which would run the very cleanup that somebody no longer waits for.
        os._exit(128 + signum)

    # A signal that is ignored from the start (nohup) stays ignored. SIGINT is taken all the same: shells ignore it for
    # what a script starts in the background, where `kill -INT` must still stop the demo.
    taken = [s for s in _SIGNALS if s == signal.SIGINT or signal.getsignal(s) != signal.SIG_IGN]
    before = {number: signal.signal(number, first) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
