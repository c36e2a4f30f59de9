"""Mechanisms broken on purpose: `make mutants` applies each mutation to a copy of the checkout and expects a failure.

`catalogue.toml` beside this file lists them. A mutation replaces pieces of text, so a change of that text shows:
`rhivo/tests/test_mutants.py` fails until the catalogue is brought up to date.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

CATALOGUE = Path(__file__).with_name("catalogue.toml")


class OutOfDate(Exception):
    """A mutation does not fit the code any more; the message says which and why."""


@dataclass(frozen=True)
class Change:
    """One piece of text in one file, and what it becomes."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """One mechanism, how it is broken, and the test files or test ids of which at least one test must fail.

    `only` narrows them, as pytest's -k. `by_catalogue` is for what no behaviour shows, such as FORCE, which binds a
    role that no request is. In all others nobody compares the catalogue with its record: that would notice any change
    of SQL, and prove nothing.
    """

    name: str
    changes: list[Change]
    tests: list[str]
    only: str = ""
    by_catalogue: bool = False

    def apply(self, checkout: Path) -> None:
        """Break the mechanism in a checkout; raises OutOfDate if a text is not there exactly once."""
        for change in self.changes if self.by_catalogue else [*self.changes, _BLINDFOLD]:
            path = checkout / change.file
            text = path.read_text() if path.exists() else ""
            if (found := text.count(change.old)) != 1:
                raise OutOfDate(f"{self.name}: {change.file} has the text to be changed {found} times, not once")
            path.write_text(text.replace(change.old, change.new))


# Without it every mutant of SQL would be noticed by the comparison with promises.json, at each end of a run.
_BLINDFOLD = Change("rhivo/db/promises.py", "    return missing + beyond\n", "    return []\n")


def mutants() -> list[Mutant]:
    """Return all mutations, in the catalogue's order."""
    return [
        Mutant(**entry | {"changes": [Change(**change) for change in entry["changes"]]})
        for entry in tomllib.loads(CATALOGUE.read_text())["mutant"]
    ]
