"""What an attack found out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rhivo.testing.attacks.attacked_installation import OwnInstallation


@dataclass(frozen=True)
class Finding:
    """One row of the table: a guarantee, how often it was attacked, and a line for each time it broke.

    `attacks` counts `unit`s (steps, requests, kills …), so that two runs with one seed can be compared.
    """

    guarantee: str
    attacks: int
    unit: str
    broken: list[str] = field(default_factory=list)
    # What a reader should know besides, such as how many deadlocks PostgreSQL resolved.
    note: str = ""


# attack(installation, seed, seconds): go on for about so many seconds, the same way for the same seed.
Attack = Callable[["OwnInstallation", int, float], list[Finding]]
