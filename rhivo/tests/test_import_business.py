"""The command: one line or all complaints, and an invitation that is enqueued in the same transaction."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from businesses.models import Business, User
from notifications.models import NotificationLog
from rhivo.testing.database import as_role
from rhivo.testing.factories import unique

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _operator(django_db_setup: None) -> Iterator[None]:
    with as_role("worker"):
        yield


@pytest.fixture
def salon() -> dict[str, Any]:
    name = unique("command")
    owner = {"email": f"{name}@example.com", "name": "Ada"}
    return {"subdomain": name, "name": "Salon", "timezone": "Europe/Rome", "currency": "EUR", "owner": owner}


def test_it_reads_standard_input_says_one_line_and_owes_the_invitation(
    salon: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(salon).encode())))
    call_command("import_business", "-")
    said = capsys.readouterr().out
    assert said.startswith(f"Created Salon ({salon['subdomain']}): ")
    assert said.endswith(f"; {salon['owner']['email']} is invited.\n")
    assert said.count("\n") == 1
    message = NotificationLog.objects.get(business=Business.objects.get(subdomain=salon["subdomain"]))
    assert (message.template, message.recipient) == ("invitation", salon["owner"]["email"])
    assert set(message.context) == {"invitation_of", "name", "business"}


def test_importing_again_invites_nobody(
    salon: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "salon.json"
    file.write_text(json.dumps(salon))
    for _ in range(2):
        call_command("import_business", str(file))
    said = capsys.readouterr().out.splitlines()
    assert said[1] == f"Left as it is: Salon ({salon['subdomain']}): nothing differs."
    assert NotificationLog.objects.filter(recipient=salon["owner"]["email"]).count() == 1


def test_it_notes_a_limit_below_the_people_on_a_line_of_its_own(
    salon: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = {"slug": "cut", "name": "Cut", "duration_minutes": 30, "staff": ["a", "b"], "max_simultaneous_bookings": 1}
    people = [{"slug": "a", "name": "A"}, {"slug": "b", "name": "B"}]
    file = tmp_path / "salon.json"
    file.write_text(json.dumps(salon | {"staff": people, "services": [cut]}))
    call_command("import_business", str(file))
    first, *notes = capsys.readouterr().out.splitlines()
    assert first.startswith("Created Salon")
    assert [note.split(":")[:2] for note in notes] == [["  Note", " Cut (cut) takes 1 at a time and 2 people do it"]]
    assert "a limit of the owner's choice" in notes[0]


def test_it_lists_every_complaint_and_writes_nothing(salon: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "salon.json"
    file.write_text(json.dumps(salon | {"currency": "eur", "colour": "blue"}))
    with pytest.raises(CommandError) as refused:
        call_command("import_business", str(file))
    assert refused.value.returncode == 1
    assert [line.split(":")[0] for line in str(refused.value).splitlines()[1:]] == ["  colour", "  currency"]
    assert not Business.objects.filter(subdomain=salon["subdomain"]).exists()
    assert not User.objects.filter(email=salon["owner"]["email"]).exists()
