"""Clocks: every change of an IANA zone's offset in the next two years, where slots are most easily wrong.

The search's own calendar and PostgreSQL's reading of the wall clock are two independent opinions: which slots there are
is worked out a second time from `AT TIME ZONE` alone, instant by instant.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

import hypothesis
import psycopg
from hypothesis import strategies as st

from bookings.rules.hours import EPOCH, epoch_minute
from bookings.rules.slots import Calendar, Hours, Rules, ServiceTerms, WeeklyWindow
from rhivo.local.processes import Child, wait_until
from rhivo.testing.attacks.attacked_installation import OwnInstallation
from rhivo.testing.attacks.crash.crash_business import CrashBusiness, as_owner, found
from rhivo.testing.attacks.crash.http_customers import PATIENCE, Sent
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.clients.http_client import Connection
from rhivo.testing.oracles.wall_clock import WallClock

YEARS_AHEAD = timedelta(days=2 * 365)
GRAIN = 5
DAY = timedelta(days=1)
SAMPLE = 8
# Complaints after which the cause is found, and the rest would only repeat it.
ENOUGH = 5
# Bookings reach 730 days ahead at most.
SAMPLED_WITHIN = timedelta(days=725)


@dataclass(frozen=True)
class Change:
    """The local date on which a zone's clocks go forward or back."""

    zone: str
    day: date

    @property
    def days(self) -> list[date]:
        return [self.day - DAY, self.day, self.day + DAY]


@dataclass(frozen=True)
class Case:
    """A business open the same hours every day, in wall-clock minutes, with one service; `before` the change is now."""

    windows: tuple[tuple[int, int], ...]
    duration: int
    interval: int
    notice: int
    advance: int
    before: timedelta


class Reading:
    """What the wall clock of a zone says at every fifth minute around a change: pairs of instant and reading."""

    def __init__(self, rows: Sequence[tuple[int, int]], *, by_sql: bool) -> None:
        self.by_sql = by_sql
        self._clock = WallClock(rows)

    def instant(self, day: date, minute: int) -> int:
        return self._clock.instant((day - EPOCH.date()).days * 1440 + minute)


def clocks(installation: OwnInstallation, seed: int, seconds: float) -> list[Finding]:
    """Compare both opinions at every change, again with other businesses while there is time, then the whole stack."""
    deadline = time.monotonic() + seconds
    random = Random(f"clocks {seed}")
    changes = changes_ahead(datetime.now(UTC))
    # Shuffled, so that a run without time for all does not try the same zones each time.
    random.shuffle(changes)
    broken, tried = [], 0
    with as_owner(installation) as database:
        readings = {change: _reading(database, change) for change in changes}
    for change in _again_and_again(changes, deadline):
        broken += _complaints(change, readings[change], seed=random.getrandbits(32))
        tried += 1
        # A fault of the rules shows in hundreds of zones; shrinking each would use up the time.
        if len(broken) == ENOUGH:
            break
    alone = len({change.zone for change in changes if not readings[change].by_sql})
    unit = f"changes ({alone} zones by Python's rules alone: PostgreSQL's are others)" if alone else "changes"
    return [
        Finding("slots around a change of clocks are what AT TIME ZONE says", tried, unit, broken),
        _over_http(installation, random, readings),
    ]


def _again_and_again(changes: list[Change], deadline: float) -> Iterator[Change]:
    """Yield every change once, and then again until the time is up."""
    yield from changes
    for change in cycle(changes):
        if time.monotonic() > deadline:
            return
        yield change


def changes_ahead(now: datetime) -> list[Change]:
    """Return every change of the next two years, of canonical names and aliases alike."""
    changes = []
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        # Noon, since clocks change at night: no reading falls into an hour that is skipped or comes twice.
        noons = [now.replace(hour=12, minute=0, second=0, microsecond=0) + n * DAY for n in range(YEARS_AHEAD.days + 1)]
        offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
        changes += [
            Change(name, _exact(noons[n - 1], noons[n], zone).astimezone(zone).date())
            for n in range(1, len(noons))
            if offsets[n] != offsets[n - 1]
        ]
    return changes


def _exact(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute with the new offset."""
    # Halve the day until the minute of the change is found: eleven steps.
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after


def _reading(database: "psycopg.Connection[Any]", change: Change) -> Reading:
    """Ask PostgreSQL. Where it does not know the zone, or by other rules than Python, take Python's reading.

    Both come with rules of their own, and those of one of them may be older.
    """
    first = epoch_minute(datetime(change.day.year, change.day.month, change.day.day, tzinfo=UTC)) - 3 * 1440
    zone = ZoneInfo(change.zone)
    instants = range(first, first + 7 * 1440 + 1, GRAIN)
    by_python = [(instant, _wall(_instant(instant), zone)) for instant in instants]
    try:
        rows = database.execute(
            "SELECT m, (extract(epoch FROM (to_timestamp(m * 60) AT TIME ZONE %s)) / 60)::bigint"
            " FROM generate_series(%s::bigint, %s, %s) AS m ORDER BY m",
            [change.zone, first, first + 7 * 1440, GRAIN],
        ).fetchall()
    except psycopg.errors.InvalidParameterValue:
        rows = []
    # Equal, the two opinions are independent. Else PostgreSQL and Python have zone files of different years, which is
    # no fault of ours.
    return Reading(by_python, by_sql=rows == by_python)


def _wall(instant: datetime, zone: ZoneInfo) -> int:
    return epoch_minute(instant.astimezone(zone).replace(tzinfo=UTC))


def _fives(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low // GRAIN, high // GRAIN).map(lambda n: n * GRAIN)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a business: windows that do not touch, often at the hours at which clocks change."""
    edges = draw(st.lists(_fives(0, 240) | _fives(0, 1440), min_size=2, max_size=6, unique=True))
    edges = sorted(edges)[: len(edges) // 2 * 2]
    return Case(
        windows=tuple(zip(edges[::2], edges[1::2], strict=True)),
        duration=draw(_fives(5, 120) | _fives(5, 480)),
        interval=draw(_fives(5, 60) | _fives(5, 480)),
        notice=draw(st.just(0) | st.integers(0, 10_080)),
        advance=draw(st.integers(1, 730)),
        before=timedelta(seconds=draw(st.integers(-86_400, 4 * 86_400))),
    )


def _complaints(change: Change, reading: Reading, *, seed: int, examples: int = 3) -> list[str]:
    """Return how the two opinions differ on random businesses, in the smallest case that hypothesis finds."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    @hypothesis.given(cases())
    def agree(case: Case) -> None:
        said, other = slots_said(change, case), slots_read(change, case, reading)
        assert said == other, f"{change} {case}: {_difference(said, other)}"
        starts = [start for _, day in said for start in day]
        assert all(one < next_ for one, next_ in pairwise(starts)), f"{change} {case}: {starts}"

    try:
        agree()
    except AssertionError as error:
        return [str(error)]
    return []


def slots_said(change: Change, case: Case) -> list[tuple[date, list[int]]]:
    """Return the starts of the days around a change as slot search says, in minutes since the epoch."""
    weekly = tuple(WeeklyWindow(weekday, *window) for weekday in range(7) for window in case.windows)
    calendar = Calendar(
        Rules(ZoneInfo(change.zone), case.interval, case.notice, case.advance),
        Hours(weekly, ()),
        ServiceTerms(UUID(int=1), case.duration, 0, 0, 1, is_group=False, has_staff=False),
        [],
        [],
    )
    first, *_, last = change.days
    days = calendar.days(first, last, at=_now(change, case))
    return [(day, [epoch_minute(slot.start) for slot in slots]) for day, slots in days]


def slots_read(change: Change, case: Case, reading: Reading) -> list[tuple[date, list[int]]]:
    """Return the same, worked out from what the wall clock reads: windows resolved at both ends, stepped in between."""
    now = _now(change, case)
    earliest, latest = now + timedelta(minutes=case.notice), now + timedelta(days=case.advance)
    found = []
    for day in change.days:
        midnights = reading.instant(day, 0), reading.instant(day + DAY, 0)
        spans = [
            (max(midnights[0], reading.instant(day, opens)), min(midnights[1], _end(reading, day, closes)))
            for opens, closes in case.windows
        ]
        steps = {start for opens, closes in spans for start in range(opens, closes, case.interval)}
        fitting = {start for start in steps for opens, closes in spans if opens <= start <= closes - case.duration}
        found.append((day, sorted(start for start in fitting if earliest <= _instant(start) <= latest)))
    return found


def _end(reading: Reading, day: date, minute: int) -> int:
    return reading.instant(day + DAY, 0) if minute == 1440 else reading.instant(day, minute)


def _now(change: Change, case: Case) -> datetime:
    return datetime(change.day.year, change.day.month, change.day.day, tzinfo=UTC) - case.before


def _instant(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def _over_http(installation: OwnInstallation, random: Random, readings: dict[Change, Reading]) -> Finding:
    """Ask the whole stack for the days around a sample of changes, and hold one of the times it offers."""
    today = datetime.now(UTC).date()
    # Within what can be booked, and all three days of the change ahead.
    near = [change for change in readings if DAY * 3 < change.day - today < SAMPLED_WITHIN]
    sample = random.sample(near, min(SAMPLE, len(near)))
    business = found(installation, "clock")
    web, port = installation.web(workers=1)
    connection = Connection(port, patience=PATIENCE)
    broken: list[str] = []
    try:
        _wait_for(web, connection)
        for change in sample:
            broken += _asked(installation, business, connection, change, readings[change], random)
    finally:
        connection.close()
        web.stop()
        installation.children.remove(web)
    return Finding("the API offers and holds the same slots", len(sample), "changes", broken)


def _wait_for(web: Child, connection: Connection) -> None:
    def answers() -> bool:
        asked = Sent("up", "GET", "/healthz", None, {"Host": "localhost"})
        return asked.send(connection) and asked.status == 200

    if not wait_until(answers, seconds=60):
        raise RuntimeError(f"the web server does not come up:\n{web.tail()}")


def _asked(
    installation: OwnInstallation,
    business: CrashBusiness,
    connection: Connection,
    change: Change,
    reading: Reading,
    random: Random,
) -> list[str]:
    with as_owner(installation) as database:
        database.execute("UPDATE businesses SET timezone = %s WHERE id = %s", [change.zone, business.id])
    first, *_, last = change.days
    path = f"{business.api}/slots/?service=cut&from={first}&to={last}"
    asked = Sent("slots", "GET", path, None, {"Host": "localhost"})
    asked.send(connection)
    if not asked.done:
        return [f"{change}: {asked}"]
    days = asked.said["days"]
    said = [(date.fromisoformat(day["date"]), [_minute(slot["start"]) for slot in day["slots"]]) for day in days]
    now = datetime.combine(change.day, datetime.min.time(), UTC) - datetime.now(UTC)
    case = Case(((0, 1440),), 30, 30, 0, 730, now)
    other = slots_read(change, case, reading)
    if said != other:
        return [f"{change} by the API: {_difference(said, other)}"]
    start = _instant(random.choice([start for _, starts in said for start in starts]))
    headers = {"Host": "localhost", "Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
    held = Sent(
        "hold", "POST", f"{business.api}/reservations/", {"service": "cut", "start": start.isoformat()}, headers
    )
    held.send(connection)
    if held.status == 201 and _minute(held.said["start"]) == epoch_minute(start):
        path = f"{business.api}/reservations/{held.said['id']}/"
        Sent("release", "DELETE", path, None, {"Host": "localhost"}).send(connection)
        return []
    return [f"{change}: {start} is offered and not held: {held} {held.said}"]


def _difference(said: list[tuple[date, list[int]]], other: list[tuple[date, list[int]]]) -> str:
    """Say which starts only one of the two opinions has."""
    if [day for day, _ in said] != [day for day, _ in other]:
        return f"days {[str(day) for day, _ in said]}"
    ours, theirs = ([start for _, starts in one for start in starts] for one in (said, other))
    only = [f"{_instant(start):%F %R}Z" for start in sorted(set(ours) ^ set(theirs))]
    return f"of one side alone {only[:6]}, {len(ours)} and {len(theirs)} in all"


def _minute(text: str) -> int:
    return epoch_minute(datetime.fromisoformat(text))
