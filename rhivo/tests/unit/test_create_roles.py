"""`manage.py create_roles`: what it takes from the environment."""

from collections.abc import Mapping

import pytest
from django.core.management import CommandError, call_command

from rhivo.db import roles

SERVERS = {
    "ADMIN_DATABASE_URL": "postgresql://postgres:root@db/postgres",
    "DATABASE_URL": "postgresql://rhivo_app:a%2Fb@pooler:6432/rhivo",
    "WORKER_DATABASE_URL": "postgresql://rhivo_worker:w@pooler:6432/rhivo",
    "MIGRATION_DATABASE_URL": "postgresql://rhivo_owner:o@db/rhivo",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)


def test_the_urls_give_the_database_and_the_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, Mapping[str, str]]] = []

    def prepare(admin_url: str, *, database: str, passwords: Mapping[str, str]) -> dict[str, str]:
        asked.append((admin_url, database, passwords))
        return {}

    monkeypatch.setattr(roles, "prepare", prepare)
    call_command("create_roles")
    assert asked == [(SERVERS["ADMIN_DATABASE_URL"], "rhivo", {"app": "a/b", "worker": "w", "owner": "o"})]


@pytest.mark.parametrize("name", SERVERS)
def test_a_missing_url_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(CommandError, match=name):
        call_command("create_roles")


def test_a_role_without_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://rhivo_app@pooler:6432/rhivo")
    with pytest.raises(CommandError, match="DATABASE_URL holds no password"):
        call_command("create_roles")
