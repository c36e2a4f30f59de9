"""The table: guarantee, attacks tried, broken. Knows nothing of how anything was tried."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rhivo.testing.attacks.finding import Finding


@dataclass
class Tally:
    """What all rounds found together."""

    seeds: list[int] = field(default_factory=list)
    rows: dict[str, Finding] = field(default_factory=dict)
    not_tried: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, findings: Sequence[Finding], seed: int) -> None:
        """Add what one attack found under a seed."""
        for found in findings:
            # One row a guarantee: several attacks, and every round, may add to it.
            before = self.rows.get(found.guarantee, Finding(found.guarantee, 0, found.unit))
            broken = [*before.broken, *(f"seed {seed}: {line}" for line in found.broken)]
            attacks = before.attacks + found.attacks
            self.rows[found.guarantee] = Finding(found.guarantee, attacks, found.unit, broken)
            if found.note:
                self.notes.append(f"seed {seed}: {found.note}")

    @property
    def broken(self) -> int:
        return sum(len(row.broken) for row in self.rows.values())

    def table(self) -> str:
        """Return every broken line in full, then the table, then what a reader should know beside it."""
        lines = [f"BROKEN {row.guarantee}\n  {line}" for row in self.rows.values() for line in row.broken]
        width = max((len(guarantee) for guarantee in self.rows), default=9)
        lines += ["", f"{'guarantee':{width}}  {'attacks tried':>22}  broken", "-" * (width + 32)]
        for row in self.rows.values():
            lines.append(f"{row.guarantee:{width}}  {f'{row.attacks:,} {row.unit}':>22}  {len(row.broken):>6}")
        lines += [f"not tried: {name}: needs servers of its own" for name in self.not_tried]
        lines += ["", *self.notes, f"seeds: {_ranges(self.seeds)}"]
        return "\n".join(lines)


def _ranges(seeds: Sequence[int]) -> str:
    if not seeds:
        return "none was begun"
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
