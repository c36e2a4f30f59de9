"""When each span of time was taken: rebuilt from reservations, appointments and history, not from busy_times."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rhivo.claims import set_config_sql
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, minute_of
from rhivo.testing.database import raw
from rhivo.testing.oracles import oracle

FOREVER = float("inf")


@dataclass(frozen=True)
class Timed:
    """A span and its life: it was there from `surely_from` to `surely_until`, and perhaps from `maybe_from` to
    `maybe_until`, because a change takes effect somewhere between being asked for and being answered."""

    span: oracle.Span
    chain: str
    maybe_from: float
    surely_from: float
    surely_until: float
    maybe_until: float


@dataclass
class OccupancyOverTime:
    """The spans of one business over time, and its appointments' entries in the history."""

    attacked: AttackedBusiness
    spans: list[Timed] = field(default_factory=list)
    entries: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    holds: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def near(self, start: int, reach: int = 240) -> list[Timed]:
        return [timed for timed in self.spans if abs(timed.span.start - start) <= reach]


def read(
    attacked: AttackedBusiness, heard: Mapping[tuple[str, int], float], ended: Mapping[str, tuple[float, float]]
) -> OccupancyOverTime:
    """Rebuild a business's spans.

    `heard`: when a client was answered that a thing has a version (0 for a hold); `ended`: when the first release of a
    hold was sent, and when the last was answered.
    """
    found = OccupancyOverTime(attacked)
    with raw("app") as app, app.transaction():
        app.execute(set_config_sql(attacked.shop.owners))
        holds = app.execute(
            "SELECT id::text, service_id, staff_id, resource_ids, places, starts_at, created_at, expires_at, status"
            " FROM reservations WHERE business_id = %s",
            [attacked.business.id],
        )
        columns = [column.name for column in holds.description or ()]
        found.holds = {str(row[0]): dict(zip(columns, row, strict=True)) for row in holds}
        entries = app.execute(
            "SELECT entity_id::text, at, action, after FROM audit_logs"
            " WHERE business_id = %s AND entity = 'appointment' ORDER BY id",
            [attacked.business.id],
        )
        history: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entity, at, action, after in entries:
            assert isinstance(at, datetime)
            history[str(entity)].append({"at": at.timestamp(), "action": action, "after": after})
        found.entries = dict(history)
    # The first entry of an appointment tells which hold it came from.
    booked = {entries[0]["after"]["reservation_id"]: entries for entries in found.entries.values()}
    for hold in found.holds.values():
        found.spans.append(_of_hold(attacked, hold, booked.get(hold["id"]), heard, ended))
    for entries_ in found.entries.values():
        found.spans.extend(_of_appointment(attacked, entries_, heard))
    return found


def _of_hold(
    attacked: AttackedBusiness,
    hold: Mapping[str, Any],
    booked: list[Mapping[str, Any]] | None,
    heard: Mapping[tuple[str, int], float],
    ended: Mapping[str, tuple[float, float]],
) -> Timed:
    span = _span(attacked, hold, minute_of(hold["starts_at"]))
    made, runs_out = hold["created_at"].timestamp(), hold["expires_at"].timestamp()
    # It surely ends when it runs out. A release ends it earlier, at some moment between being sent and being answered.
    surely, maybe = runs_out, runs_out
    if booked:
        surely = maybe = booked[0]["at"]  # its appointment goes on from there
    elif hold["status"] == "released":
        sent, answered = ended.get(hold["id"], (made, FOREVER))
        surely, maybe = min(sent, runs_out), min(answered, runs_out)
    return Timed(span, hold["id"], made, heard.get((hold["id"], 0), FOREVER), surely, maybe)


def _of_appointment(
    attacked: AttackedBusiness, entries: list[Mapping[str, Any]], heard: Mapping[tuple[str, int], float]
) -> Iterable[Timed]:
    """Yield one span for each place in which an appointment was; entry n made version n + 1."""
    begin = 0
    for number, entry in enumerate(entries):
        if entry["action"] == "canceled":
            return
        following = next(
            (n for n in range(number + 1, len(entries)) if entries[n]["action"] in ("rescheduled", "canceled")), None
        )
        if entry["action"] not in ("booked", "rescheduled"):
            continue
        begin, after = number, entry["after"]
        span = _span(attacked, after, _minute(after["starts_at"]))
        # One from a hold had its time before, without a gap: it is surely there from its entry on, not from the
        # answer.
        from_hold = after["reservation_id"] and entry["action"] == "booked"
        answered = heard.get((after["id"], begin + 1), FOREVER)
        surely_until = maybe_until = FOREVER
        if following is not None:
            surely_until = entries[following]["at"]
            maybe_until = heard.get((after["id"], following + 1), FOREVER)
        yield Timed(span, after["id"], entry["at"], entry["at"] if from_hold else answered, surely_until, maybe_until)


def _span(attacked: AttackedBusiness, row: Mapping[str, Any], start: int) -> oracle.Span:
    names, source = {str(key): name for key, name in attacked.names.items()}, row["id"]
    service, person = names[str(row["service_id"])], names.get(str(row["staff_id"]))
    rooms = attacked.room_names(row["resource_ids"])
    terms = attacked.tenant.services[service].terms
    class_key = attacked.tenant.class_key(service, person, start, source, rooms)
    return oracle.Span(source, service, person, start, terms, class_key, rooms=rooms, places=row["places"])


def _minute(text: str) -> int:
    return minute_of(datetime.fromisoformat(text))
