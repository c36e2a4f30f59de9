"""What is asked of the server: the floor, slot searches, holds, and holds that become appointments."""

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from uuid import uuid4

from benchmarks.installation import Installation
from benchmarks.load import Refused, Unit

# An email each: a business limits the bookings of one customer.
_numbers = count(1)


class Scenarios:
    """Units of work against one installation; each free place is used once."""

    def __init__(self, installation: Installation) -> None:
        self._at = installation
        self._random = random.Random(7)  # each run searches the same days
        self._free = iter(installation.free)

    def named(self, name: str) -> Callable[[], Unit]:
        """Return what makes units of a scenario, starting over with all places free."""
        self._free = iter(self._at.free)
        makers = {
            "floor": self._floor,
            "slots 1 day": lambda: self._slots(days=1),
            "slots 31 days": lambda: self._slots(days=31),
            "hold": self._hold,
            "hold + commit": self._hold_and_commit,
        }
        return makers[name]

    def _floor(self) -> Unit:
        _expect(200, (yield self._request("GET", "/api/v1/floor/")))

    def _slots(self, *, days: int) -> Unit:
        subdomain, service = self._random.choice(self._at.subdomains), self._random.choice(self._at.services)
        first = date.today() + timedelta(days=self._random.randint(2, 61 - days))  # noqa: DTZ011 - any day will do
        last = first + timedelta(days=days - 1)
        path = f"/api/v1/businesses/{subdomain}/slots/?service={service}&from={first}&to={last}"
        body = _expect(200, (yield self._request("GET", path)))
        # Four in ten places are free, so each day has slots. An empty answer is quick, and would look like a good rate.
        if body.count(b'"start"') < days:
            raise Refused(f"hardly a slot is free: {body[:500]!r}")

    def _hold(self) -> Unit:
        place = next(self._free)
        given = {"service": place.service_slug, "start": place.starts_at.isoformat()}
        _expect(201, (yield self._request("POST", f"/api/v1/businesses/{place.subdomain}/reservations/", given)))

    def _hold_and_commit(self) -> Unit:
        place = next(self._free)
        at = f"/api/v1/businesses/{place.subdomain}"
        given = {"service": place.service_slug, "start": place.starts_at.isoformat()}
        held = json.loads(_expect(201, (yield self._request("POST", f"{at}/reservations/", given))))
        contact = {"name": "Ada", "email": f"ada{next(_numbers)}@example.com"}
        given = {"reservation": held["id"], **contact}
        _expect(201, (yield self._request("POST", f"{at}/appointments/", given)))

    def _request(self, method: str, path: str, given: dict[str, str] | None = None) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self._at.port}"]
        body = b""
        if given is not None:
            body = json.dumps(given).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", f"Idempotency-Key: {uuid4()}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


def _expect(status: int, answer: tuple[int, bytes]) -> bytes:
    if answer[0] != status:
        raise Refused(f"{answer[0]}: {answer[1][:500]!r}")
    return answer[1]
