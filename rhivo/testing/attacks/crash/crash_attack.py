"""Crashes: parts of an installation are killed under load; afterwards each promise made to a client is called in.

The clients know HTTP, the judges SQL, neither knows Django.

Alone: `python -m rhivo.testing.attacks.crash.crash_attack --seed 1 --seconds 20`
"""

import argparse
import signal
import subprocess
import sys
import time
from random import Random

from rhivo.local.processes import wait_until
from rhivo.testing.attacks.attacked_installation import OwnInstallation, own_installation
from rhivo.testing.attacks.crash import aftermath
from rhivo.testing.attacks.crash.crash_business import CrashBusiness, found, manage
from rhivo.testing.attacks.crash.http_customers import PATIENCE, HttpCustomer, Notebook, Sent
from rhivo.testing.attacks.crash.kills import Victims
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.clients.http_client import Connection

CLIENTS = 8
WARM_UP = 60
STALLED = 5
HEALED_WITHIN = 60


def crash_under_load(installation: OwnInstallation, seed: int, seconds: float) -> list[Finding]:
    """Kill web, worker, beat, Valkey and PostgreSQL at random under load for a while, then look what is left.

    Odd seeds run the web processes with a connection pool. Call it from the main thread: the kernel ends children with
    the thread that started them.
    """
    random = Random(f"crashes {seed}")
    business = found(installation, "crash")
    # With a pool and without: connections that died are noticed in other places.
    victims = Victims(installation, random, pooled=bool(seed % 2))
    notebook = Notebook()
    try:
        _wait_for_web(victims, seconds=WARM_UP)
        _load_and_kill(business, victims, notebook, random, seed, seconds)
        healed = _wait_for_web(victims, seconds=HEALED_WITHIN)
        if not healed:
            notebook.broken.append(f"not healed within {HEALED_WITHIN} s: {victims.web.tail()}")
            return [_survival(victims, notebook)]
        return [_survival(victims, notebook), *_judged(installation, business, victims, notebook)]
    finally:
        victims.stop()


def _load_and_kill(
    business: CrashBusiness, victims: Victims, notebook: Notebook, random: Random, seed: int, seconds: float
) -> None:
    customers = [HttpCustomer(business, victims.port, notebook, f"{seed} {number}") for number in range(CLIENTS)]
    for customer in customers:
        customer.start()
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # Kills wait for work that was done and not for time: a slow machine would otherwise be killed before it
            # did anything.
            _let_them_shop(notebook, random.randrange(5, 60))
            victims.one()
            victims.look_after()
    finally:
        for customer in customers:
            customer.stop()
    for customer in customers:
        customer.join(HEALED_WITHIN)
        if customer.is_alive():
            notebook.broken.append(f"{customer.name} waits for an answer without end")


def _let_them_shop(notebook: Notebook, times: int) -> None:
    """Wait until so many more requests were done: a kill is worth as much as what it interrupts."""
    goal = notebook.done + times
    wait_until(lambda: notebook.done >= goal, seconds=STALLED, pause=0.01)


def _judged(
    installation: OwnInstallation, business: CrashBusiness, victims: Victims, notebook: Notebook
) -> list[Finding]:
    """Call in the promises, in this order: the later ones change what the earlier look at."""
    connection = Connection(victims.port, patience=PATIENCE)
    try:
        return [
            aftermath.acknowledged(installation, business, notebook),
            aftermath.nothing_changed_when_busy(installation, business, notebook),
            aftermath.once_each(installation, victims.port, business, notebook),
            aftermath.holds_run_out(installation, connection, business, notebook),
            aftermath.told_of_each(installation, connection, business, victims),
            _guarantees(installation),
        ]
    finally:
        connection.close()


def _survival(victims: Victims, notebook: Notebook) -> Finding:
    return Finding("a crash is answered with 503 or no answer", len(victims.killed), "kills", notebook.broken)


def _guarantees(installation: OwnInstallation) -> Finding:
    broken = []
    try:
        manage(installation, "check_guarantees", role="worker")
    except subprocess.CalledProcessError as error:
        broken = str(error.output).splitlines()
    return Finding("after crashes check_guarantees is clean", 1, "checks", broken)


def _wait_for_web(victims: Victims, *, seconds: float) -> bool:
    """Wait until web, database and broker answer; the worker's sign of life takes beat's time."""
    connection = Connection(victims.port, patience=PATIENCE)

    def healthy() -> bool:
        victims.look_after()
        asked = Sent("ready", "GET", "/readyz", None, {"Host": "localhost"})
        return asked.send(connection) and all(f"{name}: ok" in str(asked.said) for name in ("database", "broker"))

    try:
        return wait_until(healthy, seconds=seconds, pause=0.1)
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    # SIGTERM must unwind the stack: servers of its own are removed on the way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    broken = 0
    with own_installation() as there:
        for finding in crash_under_load(there, options.seed, options.seconds):
            print(f"{finding.guarantee}: {finding.attacks} {finding.unit}, broken {len(finding.broken)}")
            for line in finding.broken:
                print(f"    {line}")
            broken += len(finding.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
