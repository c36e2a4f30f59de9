"""Short runs of two attacks of the proof, and that they are worth something."""

from datetime import UTC, datetime, timedelta

import pytest

from bookings.rules.hours import EPOCH
from rhivo.testing.attacks.attacked_installation import OwnInstallation
from rhivo.testing.attacks.clock_changes import Case, Change, Reading, changes_ahead, clocks, slots_read, slots_said
from rhivo.testing.attacks.crash import aftermath
from rhivo.testing.attacks.crash.crash_attack import crash_under_load
from rhivo.testing.attacks.crash.http_customers import Booking
from rhivo.testing.attacks.finding import Finding

pytestmark = pytest.mark.race


def broken(findings: list[Finding]) -> list[str]:
    return [f"{finding.guarantee}: {line}" for finding in findings for line in finding.broken]


@pytest.fixture(params=[1, 2], ids=["pooled", "persistent"])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_no_promise_is_broken_by_killing_everything_under_load(installation: OwnInstallation, seed: int) -> None:
    findings = crash_under_load(installation, seed, 8)
    assert broken(findings) == []
    tried = {finding.guarantee: finding.attacks for finding in findings}
    assert tried["a crash is answered with 503 or no answer"] > 0
    assert tried["what a 2xx said survives every crash"] > 0
    assert tried["customers are notified of each change, and of nothing else"] > 0


def test_slots_are_right_wherever_clocks_change_in_the_next_two_years(installation: OwnInstallation) -> None:
    findings = clocks(installation, 1, 0)
    assert broken(findings) == []
    assert findings[0].attacks == len(changes_ahead(datetime.now(UTC)))
    assert findings[1].attacks > 0


def test_the_comparison_of_slots_notices_an_hour_that_is_read_twice() -> None:
    change = Change("UTC", datetime.now(UTC).date() + timedelta(days=30))
    case = Case(((480, 720),), 60, 60, 0, 730, timedelta(days=10))
    start = (change.day - EPOCH.date()).days * 1440 - 3 * 1440
    steady = Reading([(m, m) for m in range(start, start + 7 * 1440, 5)], by_sql=True)
    put_back = Reading(
        [(m, m - 60 * (m > start + 3 * 1440 + 300)) for m in range(start, start + 7 * 1440, 5)], by_sql=True
    )
    assert slots_read(change, case, steady) == slots_said(change, case)
    assert slots_read(change, case, put_back) != slots_said(change, case)


def test_an_appointment_that_differs_from_what_its_client_was_told_is_noticed() -> None:
    booking = Booking("a", "confirmed", "2027-01-01T10:00:00+00:00", 1)
    assert aftermath._untrue(booking, ("confirmed", booking.start, 1)) is None
    for there in (None, ("canceled", booking.start, 2), ("confirmed", "2027-01-01T11:00:00+00:00", 1)):
        assert aftermath._untrue(booking, there) is not None
