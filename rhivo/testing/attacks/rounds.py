"""Round after round of attacks, and the guarantee check of the whole database after each. Needs Django set up."""

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from bookings.guarantees import violations
from rhivo.local.console import say, step
from rhivo.testing.attacks.attack_list import Planned
from rhivo.testing.attacks.attacked_installation import Installation
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.tally import Tally
from rhivo.testing.database import as_role

# Seconds of attack a round; starting and judging servers makes it about a minute in all.
ROUND = 25.0
FAST_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"
WHOLE = "check_guarantees on the whole database, and on its catalogue"


@dataclass
class Rounds:
    """What is to be tried for how long; `tally` grows with each attack, so that it can be shown at any time."""

    installation: Installation
    attacks: Sequence[Planned]
    seed: int
    minutes: float
    tally: Tally = field(default_factory=Tally)

    def run(self) -> None:
        """Attack until the time is used, in rounds of about a minute, each with the next seed."""
        settings.PASSWORD_HASHERS = [FAST_HASHER]  # for people of the attacked businesses, in this process alone
        tried = [planned for planned in self.attacks if planned.can_be_tried_on(self.installation)]
        self.tally.not_tried = [planned.name for planned in self.attacks if planned not in tried]
        until, number = time.monotonic() + self.minutes * 60, 0
        # At least one round, however short the time; none that would have less than five seconds.
        while number == 0 or time.monotonic() < until - 5:
            self._round(tried, self.seed + number, min(ROUND, max(until - time.monotonic(), 1)))
            number += 1

    def _round(self, attacks: Sequence[Planned], seed: int, seconds: float) -> None:
        say(f"Round with seed {seed}")
        self.tally.seeds.append(seed)
        # Shares are of those that are tried: with `--only` one attack has the whole round.
        whole = sum(planned.share for planned in attacks)
        for planned in attacks:
            with step(planned.name) as note:
                found = _tried(planned, self.installation, seed, seconds * planned.share / whole)
                self.tally.add(found, seed)
                note(_summary(found))
        with step("check_guarantees") as note:
            found = [_whole_check()]
            self.tally.add(found, seed)
            note(_summary(found))


def _tried(planned: Planned, installation: Installation, seed: int, seconds: float) -> list[Finding]:
    """Run an attack; one that stumbles has proved nothing, which counts as broken."""
    try:
        return planned.load()(installation, seed, seconds)
    except Exception:  # noqa: BLE001 - a sceptic must see it in the table
        return [Finding(f"the attack {planned.name} runs to its end", 1, "runs", [traceback.format_exc()])]
    finally:
        # An attack may have killed the server that this connection is to.
        connection.close()


def _whole_check() -> Finding:
    with as_role("worker"):
        return Finding(WHOLE, 1, "checks", list(violations()))


def _summary(found: Sequence[Finding]) -> str:
    broken = sum(len(finding.broken) for finding in found)
    tried = ", ".join(f"{finding.attacks:,} {finding.unit}" for finding in found)
    return f"{tried}: {f'{broken} BROKEN' if broken else 'held'}"
