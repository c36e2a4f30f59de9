"""Commands that Django brings along: they work here, or say what to do instead."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

import manage
from businesses.models import User
from rhivo.claims import Claims, acting_as
from rhivo.management.commands import changepassword
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, raw
from rhivo.testing.real_servers.web_server import CHECKOUT

INSTEAD = {
    "createsuperuser": "import_business FILE",
    "flush": "manage.py create_roles",
    "loaddata": "seed_demo",
    "test": "make test",
}


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT, env=os.environ | environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("command", INSTEAD)
def test_a_command_that_cannot_work_says_what_to_do_instead(command: str) -> None:
    with pytest.raises(CommandError, match=INSTEAD[command]):
        call_command(command)


def test_it_says_so_whatever_arguments_it_gets() -> None:
    refused = run("createsuperuser", "--email", "ada@example.com", "--no-input")
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: Rhivo has no superusers")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://nobody@127.0.0.1:1/rhivo", "Connection refused"),
        ("mysql://root@localhost/rhivo", "write postgresql://user:password@host/database"),
    ],
)
def test_a_command_without_a_database_ends_in_words(url: str, told: str) -> None:
    owners = {"RHIVO_DB_ROLE": "owner", "MIGRATION_DATABASE_URL": url}
    refused = run("migrate", **owners)
    assert refused.returncode == 1
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "Traceback" in run("migrate", "--traceback", **owners).stderr


@pytest.mark.django_db
def test_a_command_that_gave_up_waiting_says_to_run_it_again() -> None:
    with raw("owner") as user, user.transaction(), as_role("owner"):
        user.execute("LOCK TABLE services")
        with pytest.raises(OperationalError) as gave_up, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout TO '50ms'; LOCK TABLE services")
    assert manage.cure_of(gave_up.value) == manage.LOCKED


def type_password(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_args, **_options: password)


@pytest.mark.django_db
def test_the_owner_of_the_database_sets_the_password_of_an_account(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    type_password(monkeypatch, "correct horse battery 9")
    with as_role("owner"):
        call_command("changepassword", f" {shop.customer.email.upper()} ")
    with acting_as(Claims(user_id=shop.customer.id)):
        assert User.objects.get(pk=shop.customer.pk).check_password("correct horse battery 9")


@pytest.mark.django_db
def test_no_other_role_sets_passwords_and_is_told_which_one_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    type_password(monkeypatch, "correct horse battery 9")
    with as_role("worker"), pytest.raises(CommandError, match="MIGRATION_DATABASE_URL"):
        call_command("changepassword", shop.customer.email)
    with as_role("owner"), pytest.raises(CommandError, match="changepassword EMAIL"):
        call_command("changepassword")
    with acting_as(Claims(user_id=shop.customer.id)):
        assert not User.objects.get(pk=shop.customer.pk).check_password("correct horse battery 9")
