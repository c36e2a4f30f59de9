"""Which attacks there are, and how much of a round each gets. They load late: Django must know its database first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from rhivo.testing.attacks.attacked_installation import Installation, OwnInstallation
from rhivo.testing.attacks.finding import Finding


@dataclass(frozen=True)
class Planned:
    """An attack by its name, with its share of a round, and how to get at it.

    One that kills servers or acts as the schema's owner has `own_servers`: it is tried on an `OwnInstallation` only,
    never on an installation that is somebody's.
    """

    name: str
    share: float
    load: Callable[[], Callable[[Any, int, float], list[Finding]]]
    own_servers: bool = False

    def can_be_tried_on(self, installation: Installation) -> bool:
        return not self.own_servers or isinstance(installation, OwnInstallation)


# Loaded when it is tried: attacks import models, which need Django set up.
def _of(module: str, name: str = "attack") -> Callable[[], Any]:
    return lambda: getattr(import_module(f"rhivo.testing.attacks.{module}"), name)


ATTACKS = (
    Planned("model", 4, _of("model_check.model_check_attack")),
    Planned("storm", 4, _of("storm.storm_attack")),
    Planned("levels", 2, _of("isolation_levels")),
    Planned("crashes", 2, _of("crash.crash_attack", "crash_under_load"), own_servers=True),
    Planned("clocks", 1, _of("clock_changes", "clocks"), own_servers=True),
)
NAMES = [planned.name for planned in ATTACKS]
