"""`python -m benchmarks.flood`: one visitor sends 10,000 hold requests; what do the others notice?

And `python -m benchmarks.flood --compare-ids`: does the time of an answer tell another tenant's id from an unknown one?
Both print ratios of medians measured in one run, because rates belong to the machine.
"""

import argparse
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, cycle
from typing import Any
from uuid import uuid4

from benchmarks import load
from benchmarks.installation import Installation, Place, running
from benchmarks.load import Unit
from rhivo.local.console import say, step
from rhivo.testing.clients.http_client import Connection

FLOOD, CONNECTIONS = 10_000, 50
FLOODER = "203.0.113.66"
# The pause is there so that the others are visitors and no second flood.
SECONDS, LONGEST, PAUSE = 15.0, 120.0, 0.02
APPOINTMENTS = 40_000  # two businesses: `--compare-ids` asks one for what belongs to the other
AIM = 2.0  # how many times longer others may wait
TRIES = 1_000


@dataclass
class Noticed:
    """How long others waited, in seconds, and which answers they got."""

    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        return 1000 * sorted(self.took)[min(len(self.took) - 1, int(len(self.took) * share))]

    def __str__(self) -> str:
        return f"p50 {self.percentile(0.5):.1f} ms, p95 {self.percentile(0.95):.1f} ms"


class Visitors:
    """Many visitors, one request at a time: three searches of a day, then a hold. Each has an address of their own."""

    def __init__(self, at: Installation) -> None:
        self._at = at
        self._numbers = count(1)
        # Not the first ones, which the flood asks for.
        self._places = iter(at.free[FLOOD // CONNECTIONS :])
        self._connection = Connection(at.port)

    def come(self, *, seconds: float, still: Callable[[], bool] = lambda: True) -> Noticed:
        """Let them come for some seconds, as long as `still` says so."""
        noticed, end = Noticed(), time.perf_counter() + seconds
        while time.perf_counter() < end and still():
            number = next(self._numbers)
            method, path, body = self._hold() if number % 4 == 0 else self._search()
            # Limits count by client address, and the server takes it from here: TRUSTED_PROXIES names this machine.
            headers = {
                "Host": "localhost",
                "X-Forwarded-For": f"198.51.{number // 250 % 250}.{number % 250}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid4()),
            }
            took, status, _ = ask(self._connection, method, path, body, headers)
            noticed.took.append(took)
            noticed.statuses[status] += 1
            time.sleep(PAUSE)
        return noticed

    def _search(self) -> tuple[str, str, dict[str, str] | None]:
        first = date.today() + timedelta(days=random.randint(2, 50))  # noqa: DTZ011 - any day will do
        query = f"service={random.choice(self._at.services)}&from={first}&to={first}"
        return "GET", f"/api/v1/businesses/{random.choice(self._at.subdomains)}/slots/?{query}", None

    def _hold(self) -> tuple[str, str, dict[str, str] | None]:
        place = next(self._places)
        return "POST", f"/api/v1/businesses/{place.subdomain}/reservations/", wanted(place)


def ask(connection: Connection, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[float, int, Any]:
    """Return how long an answer took, its status and its body."""
    began = time.perf_counter()
    answer = connection.request(method, path, body, headers)
    return time.perf_counter() - began, answer.status, answer.body


def wanted(place: Place) -> dict[str, str]:
    return {"service": place.service_slug, "start": place.starts_at.isoformat()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood", description=__doc__)
    parser.add_argument(
        "--compare-ids", action="store_true", help="compare the times of foreign and of unknown ids instead"
    )
    compares = parser.parse_args().compare_ids
    # Ids are compared without limits: after some hundred requests from one address both kinds would be refused alike.
    limits = {} if compares else {"RHIVO_THROTTLE": "on", "TRUSTED_PROXIES": "127.0.0.1"}
    with running(**limits) as servers:
        with step(f"Writing {APPOINTMENTS:,} appointments"):
            at = servers.installation(APPOINTMENTS)
        return compare_ids(at) if compares else measure_flood(at)


def measure_flood(at: Installation) -> int:
    """Print how much longer others wait while a flood lasts."""
    visitors, answers = Visitors(at), Counter[int]()
    with step("Others alone") as note:
        visitors.come(seconds=3)  # not counted: the first requests load modules and open connections
        before = visitors.come(seconds=SECONDS)
        note(str(before))
    flood = threading.Thread(target=send_flood, args=(at, answers))
    with step(f"Others while one visitor sends {FLOOD:,} hold requests over {CONNECTIONS} connections") as note:
        began = time.perf_counter()
        flood.start()
        during = visitors.come(seconds=LONGEST, still=flood.is_alive)
        took = time.perf_counter() - began
        note(str(during))
    say(f"The flood took {took:.1f} s and was answered {dict(sorted(answers.items()))}.")
    say(f"Others sent {len(during.took)} requests during it, answered {dict(sorted(during.statuses.items()))}.")
    ratio, tail = (during.percentile(share) / before.percentile(share) for share in (0.5, 0.95))
    met = ratio <= AIM and tail <= AIM
    say(f"{'met ' if met else 'MISSED'}  others' median × {ratio:.2f}, p95 × {tail:.2f} (at most {AIM:.0f})")
    return 0


def send_flood(at: Installation, answers: Counter[int]) -> None:
    """Send the flood from one address as fast as it is answered."""
    places = cycle(at.free[:CONNECTIONS])

    def share() -> Unit:
        for _ in range(FLOOD // CONNECTIONS):
            place = next(places)
            body = json.dumps(wanted(place)).encode()
            head = [
                f"POST /api/v1/businesses/{place.subdomain}/reservations/ HTTP/1.1",
                "Host: localhost",
                f"X-Forwarded-For: {FLOODER}",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                f"Idempotency-Key: {uuid4()}",
            ]
            status, _ = yield "\r\n".join([*head, "", ""]).encode() + body
            answers[status] += 1

    # One unit a connection: they are finished, however short the time.
    load.measure(at.port, share, clients=CONNECTIONS, seconds=0.001, warm_up=0)


def compare_ids(at: Installation) -> int:
    """Ask one business for holds of another and for holds that never were, in turns; print the ratio of the medians."""
    mine, theirs = at.subdomains[:2]
    connection = Connection(at.port)
    usual = {"Host": "localhost", "Content-Type": "application/json"}
    held = []
    for place in [place for place in at.free if place.subdomain == theirs][:20]:
        path = f"/api/v1/businesses/{theirs}/reservations/"
        _, status, said = ask(connection, "POST", path, wanted(place), usual | {"Idempotency-Key": str(uuid4())})
        assert status == 201, said
        held.append(said["id"])
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(TRIES):
        # In random order: if the second of two were always the same kind, it would find warm caches.
        for exists in random.sample((True, False), 2):
            identifier = held[number % len(held)] if exists else str(uuid4())
            seconds, status, _ = ask(
                connection, "GET", f"/api/v1/businesses/{mine}/reservations/{identifier}/", None, usual
            )
            assert status == 404
            took[exists].append(seconds)
    foreign, unknown = (Noticed(took[exists]) for exists in (True, False))
    say(f"Another tenant's: {foreign}. Never was: {unknown}.")
    say(f"ratio of medians {foreign.percentile(0.5) / unknown.percentile(0.5):.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
