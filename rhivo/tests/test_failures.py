"""What customers meet when something that Rhivo rests on fails, and that it goes on when that is back."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import TimeoutError as RedisTimeoutError

from rhivo.local.processes import wait_until
from rhivo.testing.attacks.attacked_installation import OwnInstallation
from rhivo.testing.attacks.crash.crash_business import CrashBusiness, as_owner, found
from rhivo.testing.attacks.crash.http_customers import PATIENCE, Sent
from rhivo.testing.clients.http_client import Connection

pytestmark = pytest.mark.race
WAYS = {"persistent": {}, "pooled": {"RHIVO_DB_POOL": "on"}}


@dataclass(frozen=True)
class Front:
    """A web server of the installation, and a business that it serves."""

    installation: OwnInstallation
    business: CrashBusiness
    port: int

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Sent:
        """Ask on a connection of its own."""
        headers = {"Host": "localhost", "Content-Type": "application/json", "Idempotency-Key": key or uuid4().hex}
        sent, connection = Sent("ask", method, path, body, headers), Connection(self.port, patience=PATIENCE)
        sent.send(connection)
        connection.close()
        return sent

    def hold(self) -> Sent:
        """Hold a place in a class that holds eight, some hour that no other test uses."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=24 + next(HOURS))
        return self.ask("POST", f"{self.business.api}/reservations/", {"service": "class", "start": start.isoformat()})

    def commit(self, hold: Sent, *, key: str = "") -> Sent:
        guest = {"name": "Gino", "email": f"{uuid4().hex}@example.com"} if not key else GINO
        return self.ask("POST", f"{self.business.api}/appointments/", {"reservation": hold.said["id"], **guest}, key)

    def slots(self) -> Sent:
        today = datetime.now(UTC).date()
        return self.ask("GET", f"{self.business.api}/slots/?service=class&from={today}&to={today}")

    def count(self, table: str) -> int:
        with as_owner(self.installation) as database:
            row = database.execute(
                f"SELECT count(*) FROM {table} WHERE business_id = %s", [self.business.id]
            ).fetchone()
        assert row is not None
        return int(row[0])


GINO = {"name": "Gino", "email": "gino@example.com"}
HOURS = iter(range(0, 10_000, 2))


@pytest.fixture(scope="module")
def business(installation: OwnInstallation) -> CrashBusiness:
    return found(installation, "failures")


@contextmanager
def serving(installation: OwnInstallation, business: CrashBusiness, more: dict[str, str]) -> Iterator[Front]:
    web, port = installation.web(more=more)
    front = Front(installation, business, port)
    try:
        assert wait_until(lambda: front.ask("GET", "/healthz").status == 200, seconds=60), web.tail()
        yield front
    finally:
        web.stop()
        installation.children.remove(web)


@pytest.fixture(scope="module", params=list(WAYS))
def front(request: pytest.FixtureRequest, installation: OwnInstallation, business: CrashBusiness) -> Iterator[Front]:
    with serving(installation, business, WAYS[request.param]) as made:
        yield made


@pytest.fixture
def strict(installation: OwnInstallation, business: CrashBusiness) -> Iterator[Front]:
    """A web server that counts its visitors' requests in the cache."""
    with serving(installation, business, {"RHIVO_THROTTLE": "on"}) as made:
        yield made


def admin(installation: OwnInstallation, *statements: str) -> None:
    with psycopg.connect(installation.postgres.url, autocommit=True) as database:
        for statement in statements:
            database.execute(statement)


def busy(answer: Sent) -> bool:
    return (answer.status, answer.code) == (503, "BUSY")


NEW_CONNECTIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rhivo_app'"


def test_a_database_that_is_down_is_503_until_it_is_up(front: Front) -> None:
    assert front.hold().status == 201
    front.installation.postgres.stop()
    try:
        assert busy(front.hold())
        assert busy(front.slots())
        page = front.ask("GET", f"/b/{front.business.subdomain}/")
        assert (page.status, "One moment, please" in page.said) == (503, True)
        assert front.ask("GET", "/healthz").status == 200
        assert front.ask("GET", "/readyz").status == 503
    finally:
        front.installation.postgres.start()
    assert front.hold().status == 201


def test_no_request_meets_a_connection_that_died_before_it(front: Front) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert {answer.status for answer in pool.map(lambda _: front.slots(), range(64))} == {200}
        front.installation.postgres.stop()
        front.installation.postgres.start()
        assert {answer.status for answer in pool.map(lambda _: front.slots(), range(64))} == {200}


def test_a_database_that_takes_no_writes_is_503_and_still_searched(front: Front) -> None:
    admin(front.installation, "ALTER ROLE rhivo_app SET default_transaction_read_only = on", NEW_CONNECTIONS)
    try:
        assert front.slots().status == 200
        assert busy(front.hold())
    finally:
        admin(front.installation, "ALTER ROLE rhivo_app RESET default_transaction_read_only", NEW_CONNECTIONS)
    assert front.hold().status == 201


def test_a_database_without_room_for_connections_is_503(front: Front) -> None:
    admin(front.installation, "ALTER ROLE rhivo_app CONNECTION LIMIT 0", NEW_CONNECTIONS)
    try:
        assert busy(front.hold())
    finally:
        admin(front.installation, "ALTER ROLE rhivo_app CONNECTION LIMIT -1")
    assert front.hold().status == 201


def test_a_full_disk_is_503_leaves_nothing_half_done_and_passes(front: Front) -> None:
    hold, counts = front.hold(), [front.count(table) for table in ("appointments", "busy_times", "audit_logs")]
    with no_space_for(front.installation, "notification_logs"):
        refused = front.commit(hold, key=f"full-disk-{hold.said['id']}")
        assert busy(refused), refused
        assert [front.count(table) for table in ("appointments", "busy_times", "audit_logs")] == counts
        assert front.ask("GET", f"{front.business.api}/reservations/{hold.said['id']}/").status == 200
    assert front.commit(hold, key=f"full-disk-{hold.said['id']}").status == 201


@contextmanager
def no_space_for(installation: OwnInstallation, table: str) -> Iterator[None]:
    """Put /dev/full where a table's file is: the kernel itself says that no space is left on the device.

    The table is emptied first, because what is in its file is not to be seen meanwhile.
    """
    with as_owner(installation) as database:
        row = database.execute(
            "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relname = %s AND relkind = 'r'", [table]
        ).fetchone()
    assert row is not None
    file: Path = installation.postgres.data / str(row[0])
    aside = file.with_name(f"{file.name}.aside")
    installation.postgres.stop()
    file.rename(aside)
    file.symlink_to("/dev/full")
    installation.postgres.start()
    try:
        yield
    finally:
        installation.postgres.stop()
        file.unlink()
        aside.rename(file)
        installation.postgres.start()


def test_a_cache_that_hangs_is_tried_once_and_briefly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        caches: dict[str, Any] = settings.CACHES
        options = caches["default"]["OPTIONS"]
        assert max(options["socket_timeout"], options["socket_connect_timeout"]) < 1
        hanging = RedisCache(f"redis://127.0.0.1:{silent.getsockname()[1]}", {"OPTIONS": options})
        with pytest.raises(RedisTimeoutError):
            hanging.get("anything")
        hanging.close()
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def kill_valkey(installation: OwnInstallation) -> Callable[[], object]:
    installation.valkey.stop()
    return installation.valkey.start


def hang_valkey(installation: OwnInstallation) -> Callable[[], object]:
    """Connections are taken, and nothing is answered."""
    child = installation.valkey._child
    assert child is not None
    os.kill(child.process.pid, signal.SIGSTOP)
    return lambda: os.kill(child.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("fail", [kill_valkey, hang_valkey])
def test_without_its_broker_bookings_go_on_and_mails_follow(
    strict: Front, fail: Callable[[OwnInstallation], Callable[[], object]]
) -> None:
    assert strict.slots().status == 200
    mend = fail(strict.installation)
    try:
        holds = [strict.hold() for _ in range(4)]
        assert [hold.status for hold in holds] == [201] * 4
        booked = [strict.commit(hold) for hold in holds]
        assert [answer.status for answer in booked] == [201] * 4
    finally:
        mend()
    worker, beat = strict.installation.worker(), strict.installation.beat()
    try:
        with as_owner(strict.installation) as database:
            unsent = "SELECT count(*) FROM notification_logs WHERE business_id = %s AND status <> 'sent'"
            assert wait_until(
                lambda: database.execute(unsent, [strict.business.id]).fetchone() == (0,), seconds=60, pause=0.2
            )
    finally:
        for child in (beat, worker):
            child.stop()
            strict.installation.children.remove(child)
