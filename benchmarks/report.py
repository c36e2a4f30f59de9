"""The table that is printed and the JSON that is written."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FLOOR = "floor"


@dataclass(frozen=True)
class Row:
    """One scenario at one number of clients: rates a second, times in milliseconds."""

    scenario: str
    appointments: int
    clients: int
    rate: float
    p50: float
    p99: float
    of_floor: float
    bare_rate: float
    of_bare: float


def table(rows: Iterable[Row]) -> str:
    """Return rows as Markdown."""
    lines = [
        "| scenario | clients | req/s | p50 ms | p99 ms | × floor | bare SQL tx/s | × bare SQL |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.scenario} | {r.clients} | {r.rate:,.0f} | {r.p50:.1f} | {r.p99:.1f} | {r.of_floor:.2f}"
        f" | {r.bare_rate:,.0f} | {r.of_bare:.2f} |"
        for r in rows
    ]
    return "\n".join(lines)


@dataclass(frozen=True)
class Growth:
    """The median time of a scenario at one client with few and with many appointments, in milliseconds."""

    scenario: str
    few: float
    many: float

    @property
    def times(self) -> float:
        return self.many / self.few


def growth_table(found: Iterable[Growth], few: int, many: int) -> str:
    lines = [f"| scenario | p50 ms with {few:,} | with {many:,} | × |", "|---|---:|---:|---:|"]
    lines += [f"| {g.scenario} | {g.few:.2f} | {g.many:.2f} | {g.times:.2f} |" for g in found]
    return "\n".join(lines)


def aims(rows: list[Row], growth: list[Growth]) -> str:
    """Return each aim with what was found."""
    lines = []
    # The aims are those of docs/benchmarks.md. A share of the floor must hold at every number of clients.
    for scenario in ("hold", "slots 1 day"):
        lowest = min((row for row in rows if row.scenario == scenario), key=lambda row: row.of_floor)
        lines.append(_aim(f"{scenario}: at least 0.15 of the floor", lowest.of_floor, lowest.of_floor >= 0.15))
    month = min((row for row in rows if row.scenario == "slots 31 days"), key=lambda row: row.clients)
    lines.append(_aim(f"slots 31 days: p50 under 20 ms, {month.clients} client", month.p50, month.p50 < 20))
    lines += [_aim(f"{g.scenario}: at most 1.2 × slower with many", g.times, g.times <= 1.2) for g in growth]
    return "\n".join(lines)


def _aim(aim: str, found: float, met: bool) -> str:
    return f"{'met ' if met else 'MISSED'}  {aim}: {found:.2f}"


def write(path: Path, rows: list[Row], growth: list[Growth], options: dict[str, Any]) -> None:
    """Write everything as JSON, with the machine it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "options": options,
        "rows": [asdict(row) for row in rows],
        "growth": [asdict(item) | {"times": item.times} for item in growth],
    }
    path.write_text(json.dumps(found, indent=2) + "\n")
