"""The storm as an attack: it founds businesses, starts a web server of two processes, and judges what came of it."""

from datetime import UTC, datetime

from rhivo.local.processes import wait_until
from rhivo.testing.attacks.attacked_businesses import AttackedBusiness, founded, minute_of, usual_tenant
from rhivo.testing.attacks.attacked_installation import Installation
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.storm import storm_findings
from rhivo.testing.attacks.storm.storm_clients import Storm
from rhivo.testing.clients.http_client import is_up
from rhivo.testing.oracles import oracle

UP_WITHIN = 60
# The share of its time that an attack sends requests; the rest goes to starting the server and to judging.
LOAD = 0.7


def attack(installation: Installation, seed: int, seconds: float) -> list[Finding]:
    """Start a web server, let the storm loose on it, and judge."""
    web, port = installation.web()
    try:
        if not wait_until(lambda: is_up(port), seconds=UP_WITHIN):
            raise RuntimeError(f"The web server does not come up:\n{web.tail()}")
        return storm(port, seed, seconds * LOAD)
    finally:
        web.stop()


def storm(port: int, seed: int, seconds: float) -> list[Finding]:
    """Let sixteen clients loose on the web server at a port for some seconds, and judge."""
    with founded(usual_tenant(330, bookings_a_day=4), usual_tenant(-420, bookings_a_day=4)) as businesses:
        return storm_findings.findings(rage(port, businesses, seed, seconds))


def rage(port: int, businesses: list[AttackedBusiness], seed: int, seconds: float) -> Storm:
    made = Storm(port, businesses, minute_of(datetime.now(UTC)) // oracle.DAY)
    made.rage(seed, seconds)
    return made
