"""What must be true after a storm: of each acknowledgement, of each refusal, and of every moment in between."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bookings.guarantees import violations
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.storm.occupancy_over_time import FOREVER, OccupancyOverTime, Timed, read
from rhivo.testing.attacks.storm.storm_clients import Record, Storm
from rhivo.testing.database import as_role, raw
from rhivo.testing.oracles import oracle

# Seconds by which two clocks of one machine, or a clock and a commit, may be apart.
SLACK = 0.05
# The same two rules as `staff_capacity` and `resource_capacity`: each is told once.
SECOND_GUARDS = frozenset({"one_staff_one_place", "one_resource_one_use"})
RETRIED = frozenset({"BUSY", "REQUEST_IN_PROGRESS"})


def findings(storm: Storm) -> list[Finding]:
    """Judge everything the clients wrote down."""
    return Judge(storm).findings()


@dataclass(frozen=True)
class Heard:
    """What clients know by having been answered."""

    versions: dict[tuple[str, int], float]
    releases: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, records: list[Record]) -> "Heard":
        versions: dict[tuple[str, int], float] = {}
        releases: dict[str, tuple[float, float]] = {}
        for record in records:
            if record.wish.act == "release":
                sent, answered = releases.get(record.wish.target, (FOREVER, 0.0))
                # One that was refused or lost may be another's: only what was answered 204 has surely ended it.
                ends = record.answered if record.status == 204 else FOREVER
                releases[record.wish.target] = (min(sent, record.sent), min(answered or FOREVER, ends))
            elif not record.code and "id" in record.body:
                thing = (record.body["id"], record.body.get("version", 0))
                versions[thing] = min(versions.get(thing, FOREVER), record.answered)
        return cls(versions, releases)


class Judge:
    """The records of a storm beside the history of what really happened."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm
        self.ahead = _clock_ahead()
        self.records = storm.records
        heard = Heard.of(self.records)
        versions = {thing: at + self.ahead for thing, at in heard.versions.items()}
        releases = {hold: (sent + self.ahead, ended + self.ahead) for hold, (sent, ended) in heard.releases.items()}
        self.occupancies = {attacked.business.id: read(attacked, versions, releases) for attacked in storm.businesses}
        self.by_hold: defaultdict[str, list[Record]] = defaultdict(list)
        self.by_key: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self.records:
            if record.wish.act in ("commit", "release"):
                self.by_hold[record.wish.target].append(record)
            if record.wish.key:
                self.by_key[self._scope(record)].append(record)

    def findings(self) -> list[Finding]:
        with as_role("worker"):
            finally_broken = list(violations([attacked.business.id for attacked in self.storm.businesses]))
        spans = sum(len(occupancy.spans) for occupancy in self.occupancies.values())
        overlaps = [line for occupancy in self.occupancies.values() for line in overbooked(occupancy)]
        answers = [record for record in self.records if record.code not in RETRIED]
        # Without 0 (no answer) and 500, which are told as errors.
        refusals = [record for record in answers if record.code and record.status not in (0, 500)]
        kept = [record for record in answers if not record.code]
        busy = len(self.records) - len(answers)
        return [
            Finding(
                "16 clients over HTTP: no place and no person taken twice, at any moment",
                spans,
                "spans",
                [*dict.fromkeys([*self.storm.seen_broken, *finally_broken, *overlaps])],
            ),
            Finding(
                "16 clients over HTTP: each acknowledged act is in the database",
                len(kept),
                "answers",
                [line for record in kept for line in self.missing(record)] + list(self.doubled()),
            ),
            Finding(
                "16 clients over HTTP: each refusal was justified at some moment of its request",
                len(refusals),
                "refusals",
                [f"not justified: {record}" for record in refusals if not self.is_justified(record)],
            ),
            Finding(
                "16 clients over HTTP: no server error, and what was BUSY succeeds when sent again",
                len(self.records),
                "requests",
                list(self.errors()),
                note=f"{busy} BUSY",
            ),
        ]

    def errors(self) -> Iterator[str]:
        # Releases and changes have no key; each of their wishes stands for itself.
        last = {(record.wish.key or id(record.wish)): record for record in self.records}
        for record in self.records:
            if record.status == 0 or (record.status >= 500 and record.code != "BUSY"):
                yield f"{record}: {str(record.body)[:300]}"
        yield from (f"still BUSY at last: {record}" for record in last.values() if record.code in RETRIED)

    def missing(self, record: Record) -> Iterator[str]:
        """Yield how the database differs from what was acknowledged."""
        wish, occupancy = record.wish, self.occupancies[record.wish.attacked.business.id]
        if wish.act == "release":
            if occupancy.holds[wish.target]["status"] not in ("released", "expired"):
                yield f"released, and still there: {record}"
            return
        said = record.body["id"]
        if wish.act == "hold":
            row = occupancy.holds.get(said)
            person = (record.body["staff"] or {}).get("slug")
            if row is None or (wish.attacked.names[row["service_id"]], wish.attacked.name(row["staff_id"])) != (
                wish.service,
                person,
            ):
                yield f"acknowledged {record.body}, stored {row}"
            return
        entries = occupancy.entries.get(said, [])
        version = record.body["version"]
        if len(entries) < version:
            yield f"acknowledged version {version}, and there are {len(entries)} entries: {record}"
            return
        after = entries[version - 1]["after"]
        person = (record.body["staff"] or {}).get("id")
        told = (record.body["service"]["id"], person, record.body["status"], version)
        if told != (after["service_id"], after["staff_id"], after["status"], after["version"]):
            yield f"acknowledged {told}, stored {after}"
        if wish.act == "cancel" and entries[-1]["after"]["status"] != "canceled":
            yield f"canceled, and still there: {record}"

    def doubled(self) -> Iterator[str]:
        """Yield the keys, and the holds, that made two things."""
        for (scope, key), records in self.by_key.items():
            live = {r.body["id"] for r in records if not r.code}
            if len(live) > 1 and scope != "hold":  # the key of a hold that ended is free again
                yield f"key {key} made {live}"
            # 201 says *made*, 200 *given again*: more 201 than things means that one was made twice.
            if sum(r.status == 201 for r in records) > len(live):
                yield f"key {key} made the same thing twice"
        for hold, records in self.by_hold.items():
            if len({r.body["id"] for r in records if not r.code and r.wish.act == "commit"}) > 1:
                yield f"hold {hold} became two appointments"

    def is_justified(self, record: Record) -> bool:
        """Tell whether what a refusal says was so at some moment between its being sent and answered."""
        judges: dict[str, Callable[[Record], bool]] = {
            "SLOT_UNAVAILABLE": self._was_full,
            "HOLD_EXPIRED": self._hold_was_over,
            "ILLEGAL_TRANSITION": self._was_settled,
            "VERSION_CONFLICT": self._was_changed,
            "IDEMPOTENCY_MISMATCH": self._was_asked_otherwise,
            "LIMIT_REACHED": self._had_enough,
        }
        judge = judges.get(record.code)
        return judge is not None and judge(record)

    def _window(self, record: Record) -> tuple[float, float]:
        return record.sent + self.ahead - SLACK, record.answered + self.ahead + SLACK

    def _was_full(self, record: Record) -> bool:
        wish, (sent, answered) = record.wish, self._window(record)
        near = [
            timed
            for timed in self.occupancies[wish.attacked.business.id].near(wish.start)
            if timed.maybe_from <= answered and timed.maybe_until >= sent and timed.chain != wish.target
        ]
        # What was taken changes only when a span begins or ends. So these moments, and the first, are all that could
        # differ.
        moments = {
            sent,
            *(at for timed in near for at in (timed.maybe_from, timed.maybe_until) if sent < at < answered),
        }
        overridden = ["hours", "notice"] if wish.act == "book past" else []
        for moment in sorted(moments):
            spans = [timed.span for timed in near if timed.maybe_from <= moment <= timed.maybe_until]
            # Midnight, so that notice never refuses: the hot places are days ahead, and only fullness is judged here.
            now = self.storm.today * oracle.DAY
            decision = wish.attacked.tenant.judge(
                wish.service, wish.start, now=now, person=wish.person, overridden=overridden, spans=spans
            )
            if "SLOT_UNAVAILABLE" in decision.reasons:
                return True
        return False

    def _hold_was_over(self, record: Record) -> bool:
        hold = self.occupancies[record.wish.attacked.business.id].holds[record.wish.target]
        _, answered = self._window(record)
        released = any(r.wish.act == "release" and r.sent <= record.answered for r in self.by_hold[record.wish.target])
        return released or hold["expires_at"].timestamp() <= answered

    def _was_settled(self, record: Record) -> bool:
        """Releasing: the hold was booked. Changing: the appointment was no longer confirmed, or not begun."""
        wish, (_, answered) = record.wish, self._window(record)
        occupancy = self.occupancies[wish.attacked.business.id]
        if wish.act == "release":
            return any(r.wish.act == "commit" and r.sent <= record.answered for r in self.by_hold[wish.target])
        statuses = {entry["after"]["status"] for entry in occupancy.entries[wish.target] if entry["at"] <= answered}
        return statuses != {"confirmed"}

    def _was_changed(self, record: Record) -> bool:
        """Tell whether another version than the one that was sent was current by then."""
        wish, (_, answered) = record.wish, self._window(record)
        entries = self.occupancies[wish.attacked.business.id].entries[wish.target]
        return len([entry for entry in entries if entry["at"] <= answered]) > wish.version

    def _was_asked_otherwise(self, record: Record) -> bool:
        """Tell whether somebody had sent the same key, or booked the same hold, with another request."""
        same = self.by_key[self._scope(record)] + (self.by_hold[record.wish.target] if record.wish.target else [])
        return any(r.wish.request != record.wish.request and r.sent <= record.answered for r in same)

    def _had_enough(self, record: Record) -> bool:
        """Tell whether the guest could have had as many bookings that day as the business allows."""
        wish, (sent, answered) = record.wish, self._window(record)
        occupancy, tenant = self.occupancies[wish.attacked.business.id], wish.attacked.tenant
        targeted = occupancy.holds.get(wish.target)
        entries = occupancy.entries.get(wish.target)
        phone = wish.phone or (entries[0]["after"]["customer_phone"] if entries else "")
        start = wish.start
        if targeted:
            start = next(t.span.start for t in occupancy.spans if t.chain == wish.target)
        booked: Counter[str] = Counter()
        for timed in occupancy.spans:
            known = occupancy.entries.get(timed.chain)
            if not known or known[0]["after"]["customer_phone"] != phone or timed.chain == wish.target:
                continue
            if tenant.day(timed.span.start) == tenant.day(start):
                booked[timed.chain] += timed.maybe_from <= answered and timed.maybe_until >= sent
        return sum(count > 0 for count in booked.values()) >= tenant.bookings_a_day

    def _scope(self, record: Record) -> tuple[str, str]:
        kind = "hold" if record.wish.act == "hold" else "appointment"
        return kind, f"{record.wish.attacked.business.id} {record.wish.key}"


def overbooked(occupancy: OccupancyOverTime) -> Iterator[str]:
    """Yield each moment at which spans that were surely there took more than there was, all of history long."""
    tenant = occupancy.attacked.tenant
    for born in occupancy.spans:
        # A span that may never have been there proves nothing. A doubt counts for the database, never against it.
        if born.surely_from >= born.surely_until:
            continue
        # The most that is taken at once is reached when some span begins, so it is enough to look at these moments.
        there = [t for t in occupancy.near(born.span.start) if _is_there(t, born.surely_from) and t is not born]
        broken = tenant.no_room(born.span, spans=[timed.span for timed in there])
        for guarantee in sorted(broken - SECOND_GUARDS):
            yield f"{guarantee}: {_described(born.span)} was there at {born.surely_from}, beside {_beside(born, there)}"


def _described(span: oracle.Span) -> str:
    where = "".join(f" in {room}" for room in span.rooms)
    return f"{span.places} of {span.service} with {span.person or 'nobody'}{where} from minute {span.start} ({span.id})"


def _beside(born: Timed, there: list[Timed]) -> str:
    met = [timed.span for timed in there if timed.span.meets(born.span.begins, born.span.ends)]
    return ", ".join(_described(span) for span in met)


def _is_there(timed: Timed, moment: float) -> bool:
    return timed.surely_from <= moment < timed.surely_until


def _clock_ahead() -> float:
    """Return by how many seconds the database's clock is ahead of this machine's."""
    with raw("worker") as connection:
        began = time.time()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert row is not None
        # The middle between asking and being answered is the best guess of when the database read its clock.
        return float(row[0]) - (began + time.time()) / 2  # type: ignore[arg-type]
