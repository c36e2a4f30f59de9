"""Short runs of what `make prove` does for long, and the command and its table themselves."""

import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rhivo.local.processes import Child, started_at, wait_until
from rhivo.local.running_demo import CHECKOUT
from rhivo.testing.attacks import __main__ as command
from rhivo.testing.attacks import isolation_levels
from rhivo.testing.attacks.attack_list import Planned
from rhivo.testing.attacks.attacked_businesses import usual_tenant
from rhivo.testing.attacks.attacked_installation import Installation
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.attacks.model_check import model_check_attack
from rhivo.testing.attacks.model_check.machine import Machine
from rhivo.testing.attacks.rounds import Rounds
from rhivo.testing.attacks.storm import storm_attack
from rhivo.testing.attacks.storm.occupancy_over_time import OccupancyOverTime, Timed
from rhivo.testing.attacks.storm.storm_findings import overbooked
from rhivo.testing.attacks.tally import Tally
from rhivo.testing.oracles.oracle import Span
from rhivo.testing.real_servers.web_server import Server

GUARDS = {
    *("service_capacity", "staff_capacity", "one_staff_one_place", "resource_capacity", "one_room_a_class"),
    *("resources_fit_the_service", "places_are_for_classes", "SLOT_UNAVAILABLE"),
}
COMMITTED = pytest.mark.django_db(transaction=True)


@COMMITTED
def test_operations_and_bare_sql_do_what_the_model_says(django_db_setup: None) -> None:
    for seed in (1, 2, 3):
        assert model_check_attack.check(seed, examples=8) == ""
    # Rare steps were reached as well: each of these guards has had something to refuse.
    assert set(Machine.refusals) >= GUARDS


@COMMITTED
@pytest.mark.race
def test_a_storm_of_clients_is_answered_truly(server: Server) -> None:
    found = storm_attack.storm(server.port, 1, 5)
    assert [finding.broken for finding in found] == [[], [], [], []]
    assert all(finding.attacks for finding in found)


@COMMITTED
@pytest.mark.race
def test_opposite_lock_orders_at_every_isolation_level_end_and_overbook_nothing(
    django_db_setup: None, tmp_path: Path
) -> None:
    found = isolation_levels.attack(Installation(tmp_path, {}), 1, 5)
    assert [finding.broken for finding in found] == [[], []]
    assert "occupancy_needs_read_committed" in found[0].note


def timed(number: int, service: str, start: int, *, surely: tuple[float, float] = (1.0, 2.0), **fields: Any) -> Timed:
    tenant, person, rooms = usual_tenant(), fields.get("person"), fields.get("rooms", ())
    class_key = tenant.class_key(service, person, start, str(number), rooms)
    places, terms = fields.get("places", 1), tenant.services[service].terms
    span = Span(str(number), service, person, start, terms, class_key, rooms=rooms, places=places)
    return Timed(span, span.id, surely[0], *surely, surely[1])


def overbooked_in(*spans: Timed) -> set[str]:
    """Return the guarantees that the history shows as broken."""
    attacked = SimpleNamespace(tenant=usual_tenant())
    return {line.partition(":")[0] for line in overbooked(OccupancyOverTime(attacked, list(spans)))}  # type: ignore[arg-type]


def test_the_history_of_occupancy_shows_a_place_that_was_taken_twice_for_a_moment() -> None:
    apart = [timed(1, "chair", 600, surely=(1.0, 2.0)), timed(2, "chair", 615, surely=(2.0, 3.0))]
    together = [timed(1, "chair", 600, surely=(1.0, 2.0)), timed(2, "chair", 615, surely=(1.9, 3.0))]
    assert overbooked_in(*apart) == set()
    assert overbooked_in(*together) == {"service_capacity"}


def test_the_history_of_occupancy_shows_a_person_beyond_their_capacity_and_none_in_processing_time() -> None:
    bob, anna = ([timed(n, "cut", 600, person=name) for n in (1, 2, 3)] for name in ("bob", "anna"))
    assert overbooked_in(*bob[:2]) == {"staff_capacity"}
    assert overbooked_in(*anna[:2]) == set()
    assert overbooked_in(*anna) == {"staff_capacity"}
    colour = timed(4, "colour", 600, person="bob")
    assert overbooked_in(colour, timed(5, "cut", 630, person="bob")) == set()
    assert overbooked_in(colour, timed(5, "cut", 635, person="bob")) == {"staff_capacity"}


def test_the_history_of_occupancy_shows_a_room_beyond_its_capacity_and_a_class_that_is_torn_apart() -> None:
    lesson = timed(1, "class", 600, person="carl", rooms=("hall",), places=2)
    others = [timed(n, "class", 600, person="carl", rooms=("hall",), places=places) for n, places in ((2, 3), (3, 1))]
    assert overbooked_in(lesson, others[0]) == set()
    assert overbooked_in(lesson, *others) == {"service_capacity"}
    baths = [timed(n, "bath", 600, rooms=("hall", "tub")) for n in (4, 5)]
    assert overbooked_in(lesson, others[0], baths[0]) == set()
    assert overbooked_in(lesson, *baths) == {"resource_capacity"}
    assert overbooked_in(lesson, timed(6, "class", 600, person="carl", rooms=("cabin",))) >= {"one_room_a_class"}
    assert overbooked_in(lesson, timed(6, "class", 600, person="anna", rooms=("hall",))) == {"one_staff_a_class"}


def breaking(installation: Installation, seed: int, seconds: float) -> list[Finding]:
    return [Finding("nothing breaks", 3, "blows", ["a leg came off"] if seed == 8 else [])]


def stumbling(installation: Installation, seed: int, seconds: float) -> list[Finding]:
    raise RuntimeError("it stumbled")


def rounds(tmp_path: Path, *attacks: Planned, seed: int = 8) -> Tally:
    made = Rounds(Installation(tmp_path, {}), attacks, seed, 0.001)
    made.run()
    return made.tally


@COMMITTED
def test_the_table_says_what_broke_under_which_seed_and_what_was_not_tried(
    django_db_setup: None, tmp_path: Path
) -> None:
    tally = rounds(
        tmp_path, Planned("legs", 1, lambda: breaking), Planned("power", 1, lambda: breaking, own_servers=True)
    )
    assert tally.broken == 1
    table = tally.table()
    assert "BROKEN nothing breaks\n  seed 8: a leg came off" in table
    assert any(line.split()[-3:] == ["3", "blows", "1"] for line in table.splitlines())
    assert "not tried: power: needs servers of its own" in table
    assert table.endswith("seeds: 8")
    assert rounds(tmp_path, Planned("legs", 1, lambda: breaking), seed=9).broken == 0


@COMMITTED
def test_an_attack_that_stumbles_counts_as_broken(django_db_setup: None, tmp_path: Path) -> None:
    table = rounds(tmp_path, Planned("feet", 1, lambda: stumbling)).table()
    assert "the attack feet runs to its end" in table
    assert "RuntimeError: it stumbled" in table


def test_the_exit_code_is_1_when_something_broke_and_0_when_all_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line, code, says in (("it broke", 1, "1 BROKEN"), ("", 0, "Everything held.")):
        tally = Tally([7])
        tally.add([Finding("a guarantee", 1, "attacks", [line] if line else [])], 7)
        made = SimpleNamespace(tally=tally, run=lambda: None)
        monkeypatch.setattr(command, "own_installation", lambda: nullcontext(Installation(tmp_path, {})))
        monkeypatch.setattr(command, "_planned", lambda options, installation, made=made: made)
        assert command.main(["--seed", "7"]) == code
        assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--minutes", "0"], "must be more than 0"),
        (["--minutes", "soon"], "invalid"),
        (["--only", "nonsense"], "invalid choice: 'nonsense' (choose from"),
        (["--database"], "--database needs"),
    ],
)
def test_bad_arguments_are_explained_with_exit_code_2(
    arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WORKER_DATABASE_URL", raising=False)
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_the_command_ends_its_servers_when_it_is_stopped(tmp_path: Path) -> None:
    child = Child.spawn(
        "prove",
        [sys.executable, "-m", "rhivo.testing.attacks", "--minutes", "5", "--only", "storm"],
        log=tmp_path / "log",
        cwd=CHECKOUT,
    )
    assert wait_until(lambda: "storm …" in child.log.read_text(), seconds=60), child.tail()
    below = [int(pid) for pid in _children(child.process.pid)]
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(60) == 130
    assert "Stopped early." in child.log.read_text()
    assert below
    assert wait_until(lambda: not any(started_at(pid) for pid in below), seconds=10)


def _children(pid: int) -> list[str]:
    return subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
