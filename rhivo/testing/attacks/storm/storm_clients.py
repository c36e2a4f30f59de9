"""Sixteen clients over HTTP who want the same few places, and change, free and ask again for what they got.

This file makes the load and records it. `storm_findings` judges the records.
"""

import http.client
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from bookings.guarantees import violations
from businesses.identity.access_tokens import issue_guest
from rhivo.clock import now
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, instant
from rhivo.testing.clients.http_client import Answer, Call, Connection
from rhivo.testing.database import as_role, raw
from rhivo.testing.oracles.oracle import DAY
from rhivo.testing.real_servers.web_server import access_token
from rhivo.tokens import guest_token, token_hash

LANES = 16
PATIENCE = 30
BUSY_TRIES = 20
# Seconds for which everybody wants the same place.
WAVE = 0.25
# What everybody wants at once: one service, or several that share people or rooms. Requests for one service wait for
# each other at its lock, so only those for several meet at a person or a room.
CROWDS = (
    ("chair",),
    ("table",),
    ("class",),
    ("bath", "soak"),
    ("soak", "bath", "class"),
    ("cut", "class"),
    ("colour", "cut"),
)
# The hot starts, in minutes of the local day.
CLOCKS = (540, 570, 600, 630, 660, 840, 900)


@dataclass(frozen=True)
class Wish:
    """What a client asks for, as it knows it itself."""

    act: str
    attacked: AttackedBusiness
    call: Call
    service: str = ""
    start: int = 0
    person: str | None = None
    target: str = ""
    version: int = 0
    phone: str = ""

    @property
    def key(self) -> str:
        return self.call.headers.get("Idempotency-Key", "")

    @property
    def request(self) -> str:
        return repr(sorted((self.call.body or {}).items(), key=str)) + self.call.path


@dataclass(frozen=True)
class Record:
    """One request as its client saw it; instants as seconds since the epoch. `code` '' is success, 'LOST' no answer."""

    wish: Wish
    sent: float
    answered: float
    status: int
    code: str
    body: Any

    def __str__(self) -> str:
        wish = self.wish
        about = f"{wish.service} {instant(wish.start):%d. %H:%M}Z" if wish.service else f"{wish.target} v{wish.version}"
        return f"{wish.act} {about} at {wish.attacked.business.subdomain}: {self.status} {self.code}"


@dataclass
class Known:
    """An appointment as some client last heard of it."""

    attacked: AttackedBusiness
    id: str
    source: UUID
    version: int
    service: str
    start: int
    past: bool = False


@dataclass
class Storm:
    """What the clients share: what they know, and what they wrote down."""

    port: int
    businesses: list[AttackedBusiness]
    today: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    records: list[Record] = field(default_factory=list)
    holds: deque[tuple[AttackedBusiness, str]] = field(default_factory=lambda: deque(maxlen=60))
    appointments: deque[Known] = field(default_factory=lambda: deque(maxlen=60))
    echoes: deque[Wish] = field(default_factory=lambda: deque(maxlen=8))
    seen_broken: list[str] = field(default_factory=list)
    checks: int = 0

    def rage(self, seed: int, seconds: float) -> None:
        """Let the clients loose for some seconds, a checker beside them; return when all have ended."""
        threads = [threading.Thread(target=Client(self, seed * 100 + lane).run) for lane in range(LANES)]
        threads += [threading.Thread(target=task) for task in (self._check, self._let_holds_run_out)]
        for thread in threads:
            thread.start()
        try:
            self.over.wait(seconds)
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _check(self) -> None:
        """Ask for violations again and again while everything is under way."""
        with as_role("worker"):
            while not self.over.wait(0.7):
                self.seen_broken += violations([attacked.business.id for attacked in self.businesses])
                self.checks += 1

    def _let_holds_run_out(self) -> None:
        """Shorten a hold now and then, where the schema's owner is at hand: nobody else can."""
        try:
            owner = raw("owner")
        except KeyError:
            return
        with owner:
            # Only those with more than a second left: one that is about to run out would be given time, not taken it.
            while not self.over.wait(0.15):
                owner.execute(
                    "UPDATE reservations SET expires_at = clock_timestamp() + interval '0.2 s' WHERE status = 'held'"
                    " AND id = (SELECT id FROM reservations WHERE business_id = ANY (%s) AND status = 'held'"
                    " AND expires_at > clock_timestamp() + interval '1 s' ORDER BY random() LIMIT 1)",
                    [[attacked.business.id for attacked in self.businesses]],
                )


class Client:
    """One connection, and one after another of its wishes."""

    def __init__(self, storm: Storm, seed: int) -> None:
        self.storm = storm
        self.dice = random.Random(seed)
        # One connection for all wishes, as an app keeps it: a lost answer opens another.
        self.connection = Connection(storm.port, patience=PATIENCE)

    def run(self) -> None:
        acts: list[Callable[[], Wish | None]] = [self.hold, self.commit, self.release, self.cancel, self.reschedule]
        acts += [self.book, self.book_the_past, self.mark_outcome]
        while not self.storm.over.is_set():
            with self.storm.lock:
                # An echo is a wish that is sent once more, mostly by another client, with the same key: two requests
                # of one key at once.
                wish = self.storm.echoes.popleft() if self.storm.echoes and self.dice.random() < 0.5 else None
                if wish is None:
                    wish = self.dice.choices(acts, [30, 20, 8, 16, 12, 8, 2, 3])[0]()
                    if wish and self.dice.random() < 0.12:
                        self.storm.echoes.append(wish)
            if wish:
                self.fulfil(wish)
        self.connection.close()

    def fulfil(self, wish: Wish) -> None:
        """Send a wish, the same again while the answer is BUSY, and write down each time."""
        for _ in range(BUSY_TRIES):
            record = self.send(wish)
            with self.storm.lock:
                self.storm.records.append(record)
                self.learn(record)
            # BUSY promises that the same request succeeds later. It is sent again with the same key, and each time is
            # a record.
            if record.code not in ("BUSY", "REQUEST_IN_PROGRESS"):
                return
            time.sleep(0.05)

    def send(self, wish: Wish) -> Record:
        sent = time.time()
        try:
            answer = self.connection.send(wish.call)
        except (OSError, http.client.HTTPException) as error:
            return Record(wish, sent, time.time(), 0, "LOST", repr(error))
        ok = answer.status < 300
        return Record(wish, sent, time.time(), answer.status, "" if ok else _code(answer), answer.body)

    def learn(self, record: Record) -> None:
        wish, body = record.wish, record.body
        if record.status == 201 and wish.act == "hold":
            self.storm.holds.append((wish.attacked, body["id"]))
        elif record.status == 201:
            source = UUID(wish.target) if wish.act == "commit" else UUID(body["id"])
            known = Known(wish.attacked, body["id"], source, body["version"], wish.service, wish.start)
            known.past = wish.act == "book past"
            self.storm.appointments.append(known)
        elif record.status == 200 and "version" in body:
            for known in self.storm.appointments:
                if known.id == body["id"]:
                    # Answers arrive in another order than they were given; the older one must not win.
                    known.version = max(known.version, body["version"])

    def place(self) -> tuple[AttackedBusiness, str, int]:
        """Return a hot place, or the fresh one that everybody wants at this moment: then many find it empty at once.

        Everybody wants the same start, of one service or of several that share people or rooms.
        """
        everybody = self.dice.random() < 0.6
        # Seeded by the wave: all clients draw the same place without talking to each other.
        dice = random.Random(int(time.monotonic() / WAVE)) if everybody else self.dice
        attacked = dice.choice(self.storm.businesses)
        day = self.storm.today + (dice.randrange(5, 50) if everybody else dice.choice((3, 3, 4)))
        service = self.dice.choice(dice.choice(CROWDS) if everybody else sorted(attacked.services))
        return attacked, service, day * DAY + dice.choice(CLOCKS) - attacked.tenant.offset

    def person(self, attacked: AttackedBusiness, service: str) -> str | None:
        return self.dice.choice([None, None, None, *sorted(attacked.tenant.services[service].staff)])

    def hold(self) -> Wish:
        attacked, service, start = self.place()
        person = self.person(attacked, service)
        body = {"service": service, "start": instant(start).isoformat(), **({"staff": person} if person else {})}
        # Three in a hundred use a key that others use too, for another request: that must be refused.
        key = uuid4().hex if self.dice.random() < 0.97 else f"used again {self.dice.randrange(20)}"
        call = Call(f"{attacked.shop.api}/reservations/", body, headers={"Idempotency-Key": key})
        return Wish("hold", attacked, call, service, start, person)

    def commit(self) -> Wish | None:
        if not self.storm.holds:
            return None
        attacked, hold = self.dice.choice(self.storm.holds)
        phone = f"+39061234{self.dice.randrange(12):03}"
        body = {"reservation": hold, "name": "Guest", "phone": phone}
        call = Call(f"{attacked.shop.api}/appointments/", body, headers={"Idempotency-Key": uuid4().hex})
        return Wish("commit", attacked, call, target=hold, phone=phone)

    def release(self) -> Wish | None:
        if not self.storm.holds:
            return None
        attacked, hold = self.dice.choice(self.storm.holds)
        return Wish(
            "release", attacked, Call(f"{attacked.shop.api}/reservations/{hold}/", method="DELETE"), target=hold
        )

    def book(self) -> Wish:
        attacked, service, start = self.place()
        return self._staff_booking("book", attacked, service, start, self.person(attacked, service), [])

    def book_the_past(self) -> Wish:
        attacked, service, _ = self.place()
        start = (self.storm.today - self.dice.randrange(2, 60)) * DAY + self.dice.randrange(288) * 5
        return self._staff_booking("book past", attacked, service, start, None, ["hours", "notice"])

    def _staff_booking(
        self, act: str, attacked: AttackedBusiness, service: str, start: int, person: str | None, override: list[str]
    ) -> Wish:
        customer = {"name": "Caller", "phone": "+39067654321"}
        body: dict[str, Any] = {"service": service, "start": instant(start).isoformat(), "customer": customer}
        body |= {"staff": person} if person else {}
        body |= {"override": override} if override else {}
        call = Call("/api/v1/appointments/", body, self.staff(attacked), {"Idempotency-Key": uuid4().hex})
        return Wish(act, attacked, call, service, start, person)

    def staff(self, attacked: AttackedBusiness) -> str:
        return access_token(attacked.shop.employee, business_id=attacked.business.id, role="staff")

    def _change(self, act: str, path: str, body: Any, *, past: bool = False) -> tuple[Known, Wish] | None:
        candidates = [known for known in self.storm.appointments if known.past == past]
        if not candidates:
            return None
        known = self.dice.choice(candidates)
        guest = act != "outcome" and not known.past and self.dice.random() < 0.4
        token = issue_guest(token_hash(guest_token(known.source)), at=now()) if guest else self.staff(known.attacked)
        call = Call(f"/api/v1/appointments/{known.id}/{path}/", body, token, {"If-Match": f'"{known.version}"'})
        return known, Wish(act, known.attacked, call, target=known.id, version=known.version)

    def cancel(self) -> Wish | None:
        made = self._change("cancel", "cancel", {})
        return made and made[1]

    def mark_outcome(self) -> Wish | None:
        made = self._change("outcome", self.dice.choice(("complete", "no-show")), {}, past=True)
        return made and made[1]

    def reschedule(self) -> Wish | None:
        attacked, service, start = self.place()
        person, body = self.person(attacked, service), {"start": instant(start).isoformat(), "service": service}
        made = self._change("reschedule", "reschedule", body | {"staff": person})
        if made is None or made[0].attacked is not attacked:
            return None
        wish = made[1]
        return Wish("reschedule", attacked, wish.call, service, start, person, wish.target, wish.version)


def _code(answer: Answer) -> str:
    return answer.code if answer.is_problem or answer.status < 500 else f"{answer.status} without a problem"
