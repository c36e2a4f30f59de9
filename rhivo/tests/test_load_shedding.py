"""What a process lets in: a few requests at a time, and none of an address that does not stop."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rhivo.local.demo_launcher import BLOCKING_THREADS
from rhivo.local.running_demo import CHECKOUT
from rhivo.web.load_shedding import (
    DJANGO_THREADS,
    MOST_OF_AN_ADDRESS,
    MOST_PAUSES,
    MOST_REFUSALS,
    PAUSE,
    LoadShedder,
    in_few_threads,
)

pytestmark = pytest.mark.django_db


def status_of(shedder: LoadShedder, address: str = "203.0.113.7") -> str:
    told: list[str] = []
    environ = {"REMOTE_ADDR": address}
    b"".join(shedder(environ, lambda status, headers, *more: told.append(status)))
    return told[0][:3]


def refusing(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    refusing.asked += 1  # type: ignore[attr-defined]
    start_response("429 Too Many Requests", [])
    return [b""]


def test_who_does_not_stop_is_turned_away_unheard_until_the_minute_is_over() -> None:
    now = 1_000_000_010.0
    refusing.asked = 0  # type: ignore[attr-defined]
    pauses: list[float] = []
    shedder = LoadShedder(refusing, clock=lambda: now, pause=pauses.append)
    assert {status_of(shedder) for _ in range(10_000)} == {"429"}
    assert refusing.asked == MOST_REFUSALS  # type: ignore[attr-defined]
    assert pauses == [PAUSE] * (10_000 - MOST_REFUSALS)
    assert status_of(shedder, "203.0.113.8") == "429"
    assert refusing.asked == MOST_REFUSALS + 1  # type: ignore[attr-defined]
    now += 60
    status_of(shedder)
    assert refusing.asked == MOST_REFUSALS + 2  # type: ignore[attr-defined]


def test_of_those_who_wait_to_be_turned_away_threads_are_left_over() -> None:
    over, waiting = threading.Event(), threading.Semaphore(0)

    def pause(seconds: float) -> None:
        waiting.release()
        over.wait(5)

    refusing.asked = 0  # type: ignore[attr-defined]
    shedder = LoadShedder(refusing, clock=lambda: 1_000_000_010.0, pause=pause)
    for _ in range(MOST_REFUSALS):
        status_of(shedder)
    with ThreadPoolExecutor(MOST_PAUSES) as pool:
        turned_away = [pool.submit(status_of, shedder) for _ in range(MOST_PAUSES)]
        for _ in turned_away:
            waiting.acquire()
        assert status_of(shedder) == "429"
        assert not waiting.acquire(blocking=False)
        over.set()
    assert {answer.result() for answer in turned_away} == {"429"}
    assert BLOCKING_THREADS > DJANGO_THREADS + MOST_PAUSES
    assert f'"--blocking-threads", "{BLOCKING_THREADS}"' in (CHECKOUT / "Dockerfile").read_text()


def test_django_works_on_a_few_requests_at_a_time() -> None:
    inside = threading.Semaphore(DJANGO_THREADS)

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        assert inside.acquire(blocking=False)
        time.sleep(0.01)
        inside.release()
        return []

    application = in_few_threads(slow)
    with ThreadPoolExecutor(BLOCKING_THREADS) as pool:
        assert list(pool.map(lambda _: application({}, lambda *_: None), range(100))) == [[]] * 100


def test_one_address_never_holds_all_threads_of_a_process() -> None:
    inside: list[str] = []

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        inside.append("one more")
        told = status_of(shedder) if len(inside) <= MOST_OF_AN_ADDRESS else "200"
        start_response("200 OK", [])
        return [told.encode()]

    shedder = LoadShedder(slow)
    assert status_of(shedder) == "200"
    assert len(inside) == MOST_OF_AN_ADDRESS
    inside.clear()
    assert status_of(shedder, "203.0.113.8") == "200"


def test_what_comes_in_one_burst_is_let_in_as_soon_as_there_is_room() -> None:
    busy, rest = threading.Semaphore(0), threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        busy.release()
        rest.wait(5)
        start_response("200 OK", [])
        return []

    with ThreadPoolExecutor(MOST_OF_AN_ADDRESS) as pool:

        def pause(seconds: float) -> None:
            rest.set()
            pool.shutdown()

        shedder = LoadShedder(slow, pause=pause)
        burst = [pool.submit(status_of, shedder) for _ in range(MOST_OF_AN_ADDRESS)]
        for _ in burst:
            busy.acquire()
        assert status_of(shedder) == "200"
    assert {answer.result() for answer in burst} == {"200"}


def test_a_request_that_breaks_leaves_no_place_taken() -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError

    shedder = LoadShedder(broken)
    for _ in range(MOST_OF_AN_ADDRESS + 1):
        with pytest.raises(RuntimeError):
            status_of(shedder)
