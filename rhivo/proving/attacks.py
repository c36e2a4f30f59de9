"""Which attacks there are, and how much of a round each gets. They load late: Django must know its database first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from rhivo.proving.finding import Finding
from rhivo.proving.place import Installation, Place


@dataclass(frozen=True)
class Planned:
    """An attack by its name, with its share of a round, and how to get at it.

    One that `kills_servers` needs a `Place`: it is not tried on an installation that is somebody's.
    """

    name: str
    share: float
    load: Callable[[], Callable[[Any, int, float], list[Finding]]]
    kills_servers: bool = False

    def can_be_tried_on(self, installation: Installation) -> bool:
        return not self.kills_servers or isinstance(installation, Place)


def _of(module: str) -> Callable[[], Any]:
    return lambda: import_module(module).attack


ATTACKS = (
    Planned("model", 4, _of("rhivo.proving.modelcheck")),
    Planned("storm", 4, _of("rhivo.proving.concurrency")),
    Planned("levels", 2, _of("rhivo.proving.levels")),
)
NAMES = [planned.name for planned in ATTACKS]
