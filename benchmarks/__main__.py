"""`make bench`: how fast Rhivo answers, beside the floor under it and the bare SQL of the same transaction.

The floor is a request that asks the database `SELECT 1`.
Rates belong to the machine. Ratios of one run can be compared.
"""

import argparse
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bare_sql, load, report
from benchmarks.installation import Installation, Servers, running
from benchmarks.load import Measured
from benchmarks.report import Growth, Row
from benchmarks.scenarios import Scenarios
from rhivo.local.console import Stopped, say, step, stop_signals

SCENARIOS = (report.FLOOR, "slots 1 day", "slots 31 days", "hold", "hold + commit")
FEW, MANY = 10_000, 1_000_000
WARM_UP = 0.5
# Each measurement is cut into so many turns with the one that it is compared with: a neighbour on the machine who
# works for some seconds then slows both.
ROUNDS = 4
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Options:
    appointments: int
    seconds: float
    clients: list[int]
    few: int
    many: int
    json: Path


def main() -> int:
    options = _options()
    try:
        # A second Ctrl-C ends at once, without removing the servers' folder.
        with stop_signals(at_second=lambda: None), running() as servers:
            say(f"Measuring on {servers.version}; nothing of this stays.")
            rows = _against_the_floor(servers, options)
            growth = _with_growing_data(servers, options)
    except Stopped:
        say("Stopped.")
        return 130
    say("\n" + report.table(rows) + "\n")
    say(report.growth_table(growth, options.few, options.many) + "\n")
    say(report.aims(rows, growth))
    report.write(options.json, rows, growth, {**vars(options), "json": str(options.json)})
    say(f"\n{options.json}")
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a second each, and a tenth of the data")
    parser.add_argument("--appointments", type=int, help="in the table (100,000)")
    parser.add_argument("--seconds", type=float, help="for each measurement (2)")
    parser.add_argument("--clients", default="1,4,16", help="numbers of clients, with commas between")
    parser.add_argument("--json", type=Path, help="where the results go (benchmarks/results/<time>.json)")
    given = parser.parse_args()
    scale = 10 if given.quick else 1
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Options(
        appointments=given.appointments or 100_000 // scale,
        seconds=given.seconds or (1.0 if given.quick else 2.0),
        clients=[int(number) for number in given.clients.split(",")],
        few=FEW,
        many=MANY // scale,
        json=given.json or RESULTS / f"{now}.json",
    )


def _against_the_floor(servers: Servers, options: Options) -> list[Row]:
    at = _installation(servers, options.appointments)
    rows: list[Row] = []
    for clients in options.clients:
        for name in SCENARIOS:
            with step(f"{name}, {clients} client{'s' if clients > 1 else ''}") as note:
                row = _row(at, name, clients, options.seconds)
                rows.append(row)
                note(f"{row.rate:,.0f}/s, p50 {row.p50:.1f} ms, {row.of_floor:.2f} × floor; SQL {row.bare_rate:,.0f}/s")
    return rows


def _installation(servers: Servers, appointments: int) -> Installation:
    """Make one, warm."""
    with step(f"Writing {appointments:,} appointments"):
        at = servers.installation(appointments)
        # The first requests load modules and open connections: many clients, so that each process and thread gets some.
        load.measure(at.port, Scenarios(at).named("floor"), clients=32, seconds=1, warm_up=1)
    return at


def _row(at: Installation, name: str, clients: int, seconds: float) -> Row:
    """Measure a scenario in turns with the floor, then the bare SQL of it."""
    how: dict[str, Any] = {"clients": clients, "seconds": seconds / ROUNDS, "warm_up": WARM_UP / ROUNDS}
    floor, served = Measured(0), Measured(0)
    scenarios = Scenarios(at)
    for _ in range(ROUNDS):
        floor += load.measure(at.port, scenarios.named(report.FLOOR), **how)
        served += load.measure(at.port, scenarios.named(name), **how)
        # The next turn starts with the first place again, which must be free.
        at.forget_bookings()
    how = {"clients": clients, "seconds": seconds, "warm_up": WARM_UP}
    bare = bare_sql.measure(at, name, **how)
    at.forget_bookings()
    return Row(
        scenario=name,
        appointments=at.appointments,
        clients=clients,
        rate=served.rate,
        p50=served.percentile(0.5),
        p99=served.percentile(0.99),
        of_floor=served.rate / floor.rate,
        bare_rate=bare.rate,
        of_bare=served.rate / bare.rate,
    )


def _with_growing_data(servers: Servers, options: Options) -> list[Growth]:
    """Compare few with many appointments at one client, in turns."""
    few, many = _installation(servers, options.few), _installation(servers, options.many)
    found = []
    for name in SCENARIOS[1:]:
        with step(f"{name}, {options.few:,} and {options.many:,} in turns") as note:
            few_done, many_done = Measured(0), Measured(0)
            for _ in range(ROUNDS):
                few_done += _slice(few, name, options.seconds)
                many_done += _slice(many, name, options.seconds)
            growth = Growth(name, few_done.percentile(0.5), many_done.percentile(0.5))
            note(f"× {growth.times:.2f}")
            found.append(growth)
    return found


def _slice(at: Installation, name: str, seconds: float) -> Measured:
    measured = load.measure(
        at.port, Scenarios(at).named(name), clients=1, seconds=seconds / ROUNDS, warm_up=WARM_UP / ROUNDS
    )
    at.forget_bookings()
    return measured


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    say(f"{time.monotonic() - began:.0f} s in all")
    raise SystemExit(code)
