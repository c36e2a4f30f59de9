"""What the launcher says, one line a step, and how it hears that it should stop."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or sent a signal; not an Exception, so that nothing mistakes it for a failure."""


def say(line: str, *, end: str = "\n") -> None:
    with contextlib.suppress(BrokenPipeError):  # `manage.py demo | head`: nobody listens, the demo goes on
        print(line, end=end, flush=True)


@contextlib.contextmanager
def step(doing: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done while it is done, then what came of it and how long it took."""
    say(f"  {doing} … ", end="")
    notes: list[str] = []
    began = time.monotonic()
    try:
        yield notes.append
    except BaseException:
        say("")
        raise
    say(", ".join([*notes, f"{time.monotonic() - began:.1f} s"]))


@contextlib.contextmanager
def stop_signals(*, at_second: Callable[[], None]) -> Iterator[None]:
    """Turn the first signal into Stopped, wherever the main thread is; at the second, end at once."""

    def first(signum: int, frame: FrameType | None) -> None:
        for number in taken:
            signal.signal(number, second)
        raise Stopped

    def second(signum: int, frame: FrameType | None) -> None:
        at_second()
        os._exit(128 + signum)

    # A signal that is ignored from the start (nohup) stays ignored; Ctrl-C is ignored in shell scripts' background.
    taken = [s for s in _SIGNALS if s == signal.SIGINT or signal.getsignal(s) != signal.SIG_IGN]
    before = {number: signal.signal(number, first) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
