"""Clients that know only HTTP: they book, reschedule and cancel, and write down what they were told and what was lost.

Everything here is of one business, made for one round.
"""

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from rhivo.testing.attacks.crash.crash_business import CrashBusiness
from rhivo.testing.clients.http_client import Connection, NotConnected

PATIENCE = 20
FIRST_DAY, DAYS = 2, 40


@dataclass
class Sent:
    """One request, and what came of it: `status` 0 is an answer that never came."""

    kind: str
    method: str
    path: str
    body: Mapping[str, Any] | None
    headers: dict[str, str]
    status: int = 0
    said: Any = None

    @property
    def key(self) -> str:
        return self.headers.get("Idempotency-Key", "")

    @property
    def code(self) -> str:
        return str(self.said.get("code", "")) if isinstance(self.said, dict) else ""

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def in_doubt(self) -> bool:
        return self.status == 0 or self.code == "OUTCOME_UNKNOWN"

    def send(self, connection: Connection) -> bool:
        """Send, and fill in what came of it; False if not even a connection was to be had, so that nothing was sent."""
        try:
            answer = connection.request(self.method, self.path, self.body, self.headers)
        except NotConnected:
            return False
        except (OSError, http.client.HTTPException):
            self.status = 0
        else:
            self.status, self.said = answer.status, answer.body
        return True

    def __str__(self) -> str:
        return f"{self.kind} {self.method} {self.path} {self.key or self.headers.get('If-Match', '')} -> {self.status}"


@dataclass
class Booking:
    """An appointment as its client was last told of it; `doubts` are changes whose answer was lost."""

    id: str
    status: str
    start: str
    version: int
    token: str = ""
    doubts: list[Sent] = field(default_factory=list)


@dataclass
class Notebook:
    """What all clients together were told."""

    holds: dict[str, Sent] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    doubts: list[Sent] = field(default_factory=list)
    busy: list[Sent] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    done: int = 0


class HttpCustomer(threading.Thread):
    """One client. Its choices depend on its seed alone; what it meets depends on everyone."""

    def __init__(self, business: CrashBusiness, port: int, notebook: Notebook, seed: str) -> None:
        super().__init__(name=f"customer {seed}", daemon=True)
        self._business, self._book, self._random = business, notebook, Random(seed)
        self._connection = Connection(port, patience=PATIENCE)
        self._over = threading.Event()
        self._mine: list[Booking] = []
        # From eight in the morning, at every half hour for eleven hours: all starts lie on the grid of a business
        # that is always open.
        self._today = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 - a client that is lost for words has found something
            self._book.broken.append(f"{self.name} gave up: {error!r}")
        finally:
            self._connection.close()

    def _act(self) -> None:
        acts = (
            [self._book_as_guest] * 8
            + [self._book_as_staff] * 2
            + [self._reschedule, self._reschedule, self._cancel, self._cancel]
        )
        while not self._over.is_set():
            if self._random.random() < 0.02:
                self._log_in()
            else:
                self._random.choice(acts)()

    def _book_as_guest(self) -> None:
        """Hold a time; leave it, release it, or book it as a guest."""
        wanted = {"service": self._random.choice(self._business.services), "start": self._some_start()}
        held = self._post("hold", f"{self._business.api}/reservations/", wanted)
        if not held.done:
            return
        self._book.holds[held.said["id"]] = held
        choice = self._random.random()
        if choice < 0.15:
            return
        if choice < 0.27:
            self._ask(Sent("release", "DELETE", f"{self._business.api}/reservations/{held.said['id']}/", None, _host()))
            return
        guest = {"name": "Gino", "email": f"{self._new_name()}@example.com"}
        booked = self._post("commit", f"{self._business.api}/appointments/", {"reservation": held.said["id"], **guest})
        if booked.done:
            self._note(booked, token=booked.said["cancellation_token"])

    def _book_as_staff(self) -> None:
        """Book as staff."""
        customer = {"name": "Walter", "email": f"{self._new_name()}@example.com"}
        wanted = {"service": self._random.choice(self._business.services), "start": self._some_start()}
        booked = self._post(
            "phone", "/api/v1/appointments/", wanted | {"customer": customer}, self._business.staff_token
        )
        if booked.done:
            self._note(booked)

    def _reschedule(self) -> None:
        self._change("reschedule", {"start": self._some_start()})

    def _cancel(self) -> None:
        self._change("cancel", {"reason": "ill"})

    def _change(self, what: str, body: dict[str, Any]) -> None:
        """Change a booking of one's own that is in no doubt, as its guest or as staff."""
        # Not those in doubt: a second change would hide whether the first was carried out once or twice.
        open_ = [one for one in self._mine if one.status == "confirmed" and not one.doubts]
        if not open_:
            return
        booking = self._random.choice(open_)
        token = self._guest_access(booking) or self._business.staff_token
        headers = _host() | {"Authorization": f"Bearer {token}", "If-Match": f'"{booking.version}"'}
        sent = self._ask(Sent(what, "POST", f"/api/v1/appointments/{booking.id}/{what}/", body, headers))
        if sent.done:
            booking.status, booking.start, booking.version = told(sent.said)
        elif sent.in_doubt:
            booking.doubts.append(sent)

    def _guest_access(self, booking: Booking) -> str:
        if not booking.token:
            return ""
        sent = self._post("guest", "/api/v1/auth/guest/", {"cancellation_token": booking.token})
        return str(sent.said["access"]) if sent.done else ""

    def _log_in(self) -> None:
        self._post("login", "/api/v1/auth/token/", {"email": self._business.owner, "password": self._business.password})

    def _post(self, kind: str, path: str, body: Mapping[str, Any], token: str = "") -> Sent:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        headers = _host() | bearer | {"Idempotency-Key": self._new_name()}
        return self._ask(Sent(kind, "POST", path, body, headers))

    def _ask(self, sent: Sent) -> Sent:
        """Send, and write down what concerns the whole; an answer of 5xx is a 503 that says what it is."""
        while not sent.send(self._connection):
            # Nothing was sent, so it may be sent again without a doubt; the server is being restarted.
            if self._over.wait(0.05):
                sent.status = -1
                return sent
        book = self._book
        book.done += sent.done
        if sent.status >= 500 and (sent.status, sent.code) not in ((503, "BUSY"), (503, "OUTCOME_UNKNOWN")):
            book.broken.append(f"{sent}: {str(sent.said)[:200]}")
        if sent.in_doubt:
            book.doubts.append(sent)
        # 503 BUSY promises that nothing was changed. It is kept, and that promise is called in afterwards.
        elif sent.code == "BUSY":
            book.busy.append(sent)
            time.sleep(0.02)
        return sent

    def _note(self, sent: Sent, *, token: str = "") -> None:
        booking = Booking(sent.said["id"], *told(sent.said), token=token)
        self._mine.append(booking)
        self._book.bookings[booking.id] = booking

    def _some_start(self) -> str:
        start = self._today + timedelta(
            days=FIRST_DAY + self._random.randrange(DAYS), minutes=30 * self._random.randrange(22)
        )
        return start.isoformat()

    def _new_name(self) -> str:
        return UUID(int=self._random.getrandbits(128)).hex


def told(said: Mapping[str, Any]) -> tuple[str, str, int]:
    """Return what an answer says of an appointment: status, start in UTC, version."""
    start = datetime.fromisoformat(said["start"]).astimezone(UTC)
    return said["status"], start.isoformat(), said["version"]


def _host() -> dict[str, str]:
    return {"Host": "localhost", "Content-Type": "application/json"}
