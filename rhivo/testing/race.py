"""Real races: many calls let go at the same moment, each on a connection of its own, spread over processes."""

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, connection

from rhivo.errors import RhivoError

PROCESSES = 4
CONNECTIONS = 100
PATIENCE = 120


def race(calls: int, attempt: Callable[[int], Any]) -> Counter[str]:
    """Run attempt(0) … attempt(calls - 1) at once; count what each returned, or the code or name of what it raised.

    At most CONNECTIONS are let go together; each goes on with its next call as soon as one is answered.
    """
    # Forked, so that `attempt` may be a closure of the test: a spawned process would have to pickle it.
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    processes = min(PROCESSES, calls)
    # 1. Every thread of a process opens its connection. 2. The processes wait for each other. 3. The threads of each
    # are let go. Opening connections would otherwise spread the calls over more time than a race takes.
    start = context.Barrier(processes)
    shares = [range(index, calls, processes) for index in range(processes)]
    runners = [context.Process(target=_run_share, args=(share, attempt, start, results)) for share in shares]
    for runner in runners:
        runner.start()
    # Read before join: a process does not end while its answers are in a full pipe.
    outcomes = Counter(results.get(timeout=PATIENCE) for _ in range(calls))
    for runner in runners:
        runner.join(timeout=PATIENCE)
    return outcomes


def _run_share(share: range, attempt: Callable[[int], Any], start: Any, results: Any) -> None:
    """Run a process's share of the calls, each in a thread; leave without touching what was inherited."""
    lanes = min(len(share), CONNECTIONS // PROCESSES)
    ready = threading.Barrier(lanes + 1)
    threads = [
        threading.Thread(target=_run_lane, args=(share[lane::lanes], attempt, ready, results)) for lane in range(lanes)
    ]
    for thread in threads:
        thread.start()
    start.wait(timeout=PATIENCE)
    ready.wait(timeout=PATIENCE)
    for thread in threads:
        thread.join()
    # The queue writes in a thread of its own. Without join_thread the last answers would be lost at os._exit.
    results.close()
    results.join_thread()
    # At once: what was inherited, such as the parent's connections, is the parent's to close.
    os._exit(0)


def _run_lane(lane: range, attempt: Callable[[int], Any], ready: threading.Barrier, results: Any) -> None:
    with suppress(DatabaseError):  # the attempt will say so
        connection.ensure_connection()
    ready.wait(timeout=PATIENCE)
    for index in lane:
        results.put(_outcome(index, attempt))
    connection.close()


def _outcome(index: int, attempt: Callable[[int], Any]) -> str:
    try:
        return str(attempt(index))
    except RhivoError as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must see its name
        return f"{type(error).__name__}: {error}"[:200]
