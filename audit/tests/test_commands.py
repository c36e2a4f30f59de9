"""What operators type: verify_audit, export_audit, and the verifier that needs nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from audit.chain.entries import INSTALLATION
from audit.export import export_lines
from audit.tests.histories import SCRIPT, entries, export, run, script, seal, superuser, verify
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.real_servers.web_server import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)


def run_script(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-I", str(SCRIPT), *arguments], capture_output=True, text=True)


def manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "manage.py", *arguments], capture_output=True, text=True, cwd=CHECKOUT)


def test_an_intact_history_is_counted(shop: Shop) -> None:
    assert verify(shop) == (0, "10 entries, 0 seals, all intact\n")
    seal(shop)
    assert verify(shop) == (0, "11 entries, 1 seal, all intact\n")


def test_damage_anywhere_is_named_by_its_business_when_all_are_verified(shop: Shop, other_shop: Shop) -> None:
    bad = entries(shop.business.id)[1]
    with superuser() as intruder:
        intruder.execute("UPDATE audit_logs SET actor = 'me' WHERE id = %s", [bad.id])
        code, said = run("verify_audit")
        intruder.execute("UPDATE audit_logs SET actor = %s WHERE id = %s", [bad.actor, bad.id])
    assert code == 1
    assert f"{shop.business.subdomain}: entry {bad.id} (membership" in said
    assert other_shop.business.subdomain not in said
    assert "history is damaged in" in said


def test_what_is_asked_wrongly_is_answered_with_the_cure(shop: Shop) -> None:
    code, said = run("verify_audit", "--business", "nobody-of-this-name")
    assert (code, said) == (
        2,
        "There is no business “nobody-of-this-name”: give its subdomain, or its id if it is gone.",
    )
    for command in ("verify_audit", "export_audit"):
        done = manage(command, "--business", shop.business.subdomain, "--since", "yesterday")
        assert done.returncode == 2
        assert "neither a date such as 2027-01-31 nor 2027-01-31T09:00:00Z" in done.stderr


def test_the_commands_say_by_their_exit_code_how_it_went(shop: Shop) -> None:
    done = manage("verify_audit", "--business", shop.business.subdomain)
    assert (done.returncode, done.stdout) == (0, "10 entries, 0 seals, all intact\n")
    with superuser() as intruder:
        intruder.execute("UPDATE audit_logs SET actor = 'me' WHERE business_id = %s", [shop.business.id])
        done = manage("verify_audit", "--business", shop.business.subdomain)
        intruder.execute("DELETE FROM audit_logs WHERE business_id = %s", [shop.business.id])
    assert done.returncode == 1
    assert "so it was edited" in done.stdout


def test_an_export_is_recorded_in_the_history_and_in_itself(shop: Shop) -> None:
    lines = export(shop)
    assert [line["kind"] for line in lines] == ["export", "start", *["entry"] * 11, "end"]
    assert (lines[-2]["entity"], lines[-2]["after"]) == ("export", {"what": "history"})
    assert entries(shop.business.id)[-1].action == "exported"
    assert all(line["business_id"] == str(shop.business.id) for line in lines[1:-1])


def test_an_export_of_everything_is_recorded_by_the_installation(shop: Shop) -> None:
    code, said = run("export_audit", "--since", "2020-01-01")
    assert code == 0
    starts = [json.loads(line)["business_id"] for line in said.split("\n") if line.startswith('{"kind": "start"')]
    assert {str(INSTALLATION), str(shop.business.id)} <= set(starts)
    assert starts == sorted(set(starts), key=UUID)
    entry = entries(INSTALLATION, "export")[-1]
    assert entry.after == {"what": "history", "since": "2020-01-01T00:00:00+00:00"}
    assert entries(shop.business.id, "export") == []


def test_an_export_to_a_file_is_for_its_owner_alone_and_verifies(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "history.jsonl"
    seal(shop)
    assert run("export_audit", "--business", shop.business.subdomain, "--output", str(target)) == (0, "")
    assert target.stat().st_mode & 0o777 == 0o600
    done = run_script(str(target))
    assert (done.returncode, done.stdout) == (0, "12 entries, 1 seal, all intact\n")


def test_a_file_that_cannot_be_written_is_named(shop: Shop, tmp_path: Path) -> None:
    target = str(tmp_path / "nowhere" / "history.jsonl")
    code, said = run("export_audit", "--business", shop.business.subdomain, "--output", target)
    assert (code, said) == (2, f"{target} cannot be written: No such file or directory.")


def test_an_export_since_a_seal_begins_behind_it_and_verifies(shop: Shop) -> None:
    shop.service()
    seal(shop)
    between = now().isoformat()
    shop.book_by_staff(shop.at())
    seal(shop)
    lines = export(shop, "--since", between)
    assert (lines[1]["seal"]["entries"], lines[1]["seal"]["previous_digest"]) == (11, "")
    assert [line["kind"] for line in lines[2:]] == ["entry", "entry", "seal", "entry", "entry", "end"]
    assert script(lines) == (0, "4 entries, 1 seal, all intact\n")


def test_several_businesses_are_one_export(shop: Shop, other_shop: Shop) -> None:
    seal(shop)
    with as_role("worker"):
        both = sorted([shop.business.id, other_shop.business.id])
        lines = [json.loads(line) for line in export_lines(both, since=None, at=now())]
    assert script(lines) == (0, "21 entries, 1 seal, all intact\n")
    moved = [*lines[:1], *[line for line in lines[1:-1] if line["kind"] != "start"], *lines[-1:]]
    assert script(moved)[0] == 1


def test_lines_that_were_cut_off_added_or_moved_are_found_by_the_script(shop: Shop) -> None:
    seal(shop)
    lines = export(shop)
    assert script(lines)[0] == 0
    for damaged in (
        lines[:-1],
        lines[:-2],
        lines[:-2] + lines[-1:],
        [*lines[:3], lines[2], *lines[3:]],
        [*lines[:2], lines[3], lines[2], *lines[4:]],
        [line for line in lines if line["kind"] != "seal"],
    ):
        code, said = script(damaged)
        assert code == 1, said


@pytest.mark.parametrize("content", ["no json", "[]", '{"kind": "entry"}', "\udcff"], ids=repr)
def test_what_is_no_export_is_not_verified(content: str, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(content.encode(errors="surrogateescape"))
    done = run_script(str(target))
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("not an export of the history")


def test_the_script_wants_a_file() -> None:
    assert run_script().returncode == run_script("/nowhere").returncode == 2
