"""The embedded servers, with real processes: they come up, are found again, survive being killed, and go."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rhivo.local.postgres_server import PostgresServer
from rhivo.local.processes import started_at, wait_until
from rhivo.local.server_programs import NoServer
from rhivo.local.valkey_server import ValkeyServer


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's own, which root's PostgreSQL user cannot enter."""
    with tempfile.TemporaryDirectory(prefix="rhivo-embedded-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def made(folder: Path) -> PostgresServer:
    """A cluster made and stopped: each test starts it again, which is quicker than making its own."""
    server = PostgresServer(folder / "postgres", fsync=False)
    server.start()
    _ask(server.url, "CREATE TABLE kept ()")
    server.stop()
    return server


@pytest.fixture
def postgres(made: PostgresServer) -> Iterator[PostgresServer]:
    with _started(_another(made)) as server:
        yield server


def test_a_cluster_keeps_its_data_and_its_port_between_starts(postgres: PostgresServer) -> None:
    before = postgres.url
    postgres.stop()
    assert not postgres.running
    assert postgres.start() == before
    assert _ask(postgres.url, "SELECT count(*) FROM kept") == 0


def test_a_cluster_speaks_utf8_and_utc_on_the_loopback_only(postgres: PostgresServer) -> None:
    assert _ask(postgres.url, "SHOW server_encoding") == "UTF8"
    assert _ask(postgres.url, "SHOW timezone") == "UTC"
    assert _ask(postgres.url, "SHOW listen_addresses") == "127.0.0.1"
    assert _ask(postgres.url, "SHOW unix_socket_directories") == ""


def test_nobody_enters_a_cluster_without_its_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace("@", "x@"))
    assert stat.S_IMODE((postgres.home / "password").stat().st_mode) == 0o600


def test_a_cluster_that_runs_already_is_taken_over(postgres: PostgresServer) -> None:
    successor = _another(postgres)
    assert successor.start() == postgres.url
    successor.stop()
    assert not postgres.running


def test_a_killed_server_starts_again_with_what_was_committed(made: PostgresServer) -> None:
    with _started(PostgresServer(made.home)) as server:
        _ask(server.url, "CREATE TABLE IF NOT EXISTS committed ()")
        os.kill(_postmaster(server), signal.SIGKILL)
        assert wait_until(lambda: not server.running, seconds=5)
    with _started(PostgresServer(made.home)) as server:
        assert _ask(server.url, "SELECT count(*) FROM committed") == 0


def test_a_note_left_about_a_process_that_is_something_else_now_is_no_obstacle(made: PostgresServer) -> None:
    note = made.data / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{made.data}\n1\n1\n\n127.0.0.1\n\nready\n")
    with _started(_another(made)) as server:
        assert _postmaster(server) != os.getpid()


def test_servers_end_with_their_launcher_even_if_that_is_killed(made: PostgresServer, folder: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from rhivo.local.postgres_server import PostgresServer\n"
        "from rhivo.local.valkey_server import ValkeyServer\n"
        "servers = PostgresServer(Path(sys.argv[1]), fsync=False), ValkeyServer(Path(sys.argv[2]))\n"
        "[server.start() for server in servers]\n"
        "print(servers[1]._child.process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, made.home, folder / "orphan"], stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout
    with launcher.stdout as output:
        valkey = int(output.readline())
    assert launcher.wait() == -signal.SIGKILL
    assert wait_until(lambda: started_at(valkey) is None, seconds=10)
    assert wait_until(lambda: not (made.data / "postmaster.pid").exists(), seconds=10)


def test_data_of_another_major_version_is_refused_with_the_cure(folder: Path) -> None:
    server = PostgresServer(folder / "ancient")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(NoServer, match=r"manage\.py demo --reset"):
        server.start()


def test_a_machine_without_postgresql_is_told_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHIVO_POSTGRES_BIN", str(folder / "nowhere"))
    with pytest.raises(NoServer, match=r"apt-get install postgresql.*DATABASE_URL="):
        PostgresServer(folder / "none").start()


def test_wiping_stops_the_server_and_removes_the_data(folder: Path) -> None:
    server = PostgresServer(folder / "short-lived", fsync=False)
    server.start()
    _another(server).wipe()
    assert not server.running
    assert not server.home.exists()


def test_valkey_answers_with_its_password_only_and_forgets_when_stopped(folder: Path) -> None:
    server = ValkeyServer(folder / "valkey")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.set("kept", "no")
    guess = server.url.replace("redis://:", "redis://:not-")
    stranger = redis.Redis.from_url(guess, retry=Retry(NoBackoff(), 0))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    server.stop()
    assert not server.running
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("kept") is None
    server.stop()


@contextmanager
def _started(server: PostgresServer) -> Iterator[PostgresServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _another(server: PostgresServer) -> PostgresServer:
    return PostgresServer(server.home, fsync=False)


def _postmaster(server: PostgresServer) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
