"""The model check: hypothesis drives both businesses and model through random steps, and shrinks what disagrees."""

import re
import time
import traceback

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import run_state_machine_as_test

from rhivo.testing.attacks.attacked_installation import Installation
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.model_check.machine import Machine
from rhivo.testing.attacks.model_check.machine_owners import WithOwners
from rhivo.testing.attacks.model_check.machine_sql import WithSQL

GUARANTEE = "operations and bare SQL do what the model says, step by step"
EXAMPLES, STEPS = 4, 40
# Seconds for making a disagreement smaller; hypothesis itself would take five minutes.
SHRINKING = 45
_LOOKING = re.compile(r"state\.(every_|search_offers|occupancy_is|teardown)")


class Everything(WithOwners, WithSQL):
    """All steps."""


def check(seed: int, *, examples: int, steps: int = STEPS) -> str:
    """Run so many random interleavings; return the smallest one that disagrees, readable as a program, or ''."""
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        # No memory between runs: the seed alone decides what is tried.
        database=None,
        print_blob=False,
        # One is enough, and the search for others would cost the time of the next round.
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    # hypothesis has no setting for it. The name is its own and may change with a release.
    engine.MAX_SHRINKING_SECONDS = SHRINKING
    # A class of its own for each run: hypothesis writes the seed onto the class.
    machine = hypothesis.seed(seed)(type("Everything", (Everything,), {}))
    try:
        run_state_machine_as_test(machine, settings=how)
    except Exception as disagreement:  # noqa: BLE001 - whatever ends an example is what it found
        lines = "".join(traceback.format_exception_only(disagreement)).splitlines()
        return "\n".join(line for line in lines if not _LOOKING.match(line))
    return ""


def attack(installation: Installation, seed: int, seconds: float) -> list[Finding]:
    """Run interleavings, new ones for each part of the seed, until the time is used or one disagrees."""
    until, before, part = time.monotonic() + seconds, Machine.steps_taken, 0
    broken: list[str] = []
    while not broken and (part == 0 or time.monotonic() < until):
        if found := check(seed * 1000 + part, examples=EXAMPLES):
            broken.append(found)
        part += 1
    return [Finding(GUARANTEE, Machine.steps_taken - before, "steps", broken)]
