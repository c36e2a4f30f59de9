"""URLs of databases: read and rewritten for TCP and for Unix sockets, and tried on a real socket."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from rhivo import settings
from rhivo.db.database_url import django_settings, parts_of, rewritten
from rhivo.db.postgresql.base import DatabaseWrapper
from rhivo.local import postgres_server as postgres
from rhivo.tests.unit.test_create_roles import SERVERS

URLS = [
    "postgresql://u:p@db/postgres",
    "postgresql://u:p%2F%40%3A%3F@db:6432/postgres?sslmode=require",
    "postgresql://u:p@[::1]:5432/postgres",
    "postgresql:///postgres?host=/run/postgresql",
    "postgresql://u:p@/postgres?host=/run/postgresql&port=5433",
    "postgresql://u:p@%2Frun%2Fpostgresql/postgres",
    "postgresql://u:p@one:5432,two:5433/postgres?target_session_attrs=read-write",
    "host=/run/postgresql user=u dbname=postgres",
]


@pytest.mark.parametrize("url", [*URLS, "postgresql://db"])
def test_a_rewritten_url_differs_in_what_was_asked_and_in_nothing_else(url: str) -> None:
    changes = {"dbname": "a b/c?d", "user": "ä:@", "password": "p/:@?#%"}
    assert parts_of(rewritten(url, **changes)) == parts_of(url) | changes
    assert parts_of(rewritten(url)) == parts_of(url)


@pytest.mark.parametrize("url", URLS)
def test_django_connects_to_what_libpq_reads(url: str) -> None:
    given = django_settings(url)
    wrapper = DatabaseWrapper({**_DEFAULTS, **given}, alias="default")
    connecting = wrapper.get_connection_params()
    assert {name: str(connecting[name]) for name in parts_of(url)} == parts_of(url)


def test_a_url_that_nobody_can_read_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DATABASE_ROLE", "app")
    monkeypatch.setitem(settings.env.ENVIRON, "DATABASE_URL", "mysql://root@localhost/rhivo")
    with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL .* write postgresql://"):
        settings.database()


@pytest.fixture
def socket_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The administrator's URL of a server of its own, reached through its Unix socket."""
    # Not tmp_path: the address of a socket has at most 107 bytes, and the server may run as another user.
    with tempfile.TemporaryDirectory(prefix="rhivo-") as name:
        folder, sockets = Path(name), Path(name) / "sockets"
        folder.chmod(0o711)
        sockets.mkdir()
        sockets.chmod(0o777)
        monkeypatch.setitem(postgres._SETTINGS, "unix_socket_directories", str(sockets))
        server = postgres.PostgresServer(folder / "postgres", fsync=False)
        try:
            yield rewritten(server.start(), host=str(sockets))
        finally:
            server.stop()
            server.wipe()


def test_create_roles_works_through_a_unix_socket(socket_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "@/postgres?host=%2F" in socket_url
    urls = {
        name: rewritten(socket_url, dbname="rhivo", user=str(parts["user"]), password=str(parts["password"]))
        for name, parts in ((name, parts_of(url)) for name, url in SERVERS.items())
        if name != "ADMIN_DATABASE_URL"
    }
    for name, url in (urls | {"ADMIN_DATABASE_URL": socket_url}).items():
        monkeypatch.setenv(name, url)
    call_command("create_roles")
    call_command("create_roles")  # safe to repeat
    for url in urls.values():
        assert _who(**django_settings(url)) == (parts_of(url)["user"], "rhivo", None)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == (parts_of(url)["user"],)


def test_the_owner_gives_up_waiting_for_a_lock_before_the_others_do() -> None:
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"]) as owner:
        assert owner.execute("SHOW lock_timeout").fetchone() == ("3s",)
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        assert app.execute("SHOW lock_timeout").fetchone() == ("5s",)


_DEFAULTS: dict[str, Any] = {
    "TIME_ZONE": None,
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "AUTOCOMMIT": True,
    "ATOMIC_REQUESTS": False,
}


def _who(**given: Any) -> Any:
    """Return the login, the database and the client's address (none through a socket) of a connection of Django's."""
    wrapper = DatabaseWrapper({**_DEFAULTS, **given}, alias="default")
    with wrapper.get_new_connection(wrapper.get_connection_params()) as connection:
        return connection.execute("SELECT current_user::text, current_database()::text, inet_client_addr()").fetchone()
