"""The servers that are measured: PostgreSQL, Valkey and the web server, as the demo runs them, with bulk data.

Everything is thrown away at the end. fsync is on, as in the demo: a commit costs what it costs an operator.
"""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from math import ceil
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from rhivo.db import roles
from rhivo.db.database_url import rewritten
from rhivo.local.demo_launcher import web_server
from rhivo.local.postgres_server import PostgresServer
from rhivo.local.processes import Child, free_port, port_is_free, wait_until
from rhivo.local.running_demo import CHECKOUT
from rhivo.local.valkey_server import ValkeyServer

WEB_PROCESSES = 2
# At least so many days lie ahead, and are searched: as many as one search may span.
DAYS_AHEAD = 62
# What bulk.sql writes for a business: 10 people, 18 half hours, six in ten taken.
BOOKED_A_DAY = 10 * 18 * 0.6
# Migrated once; each installation is a copy of it.
EMPTY = "bench_empty"


class Place(NamedTuple):
    """A free half hour of one person."""

    subdomain: str
    service_slug: str
    business_id: str
    service_id: str
    staff_id: str
    starts_at: datetime


@dataclass(frozen=True)
class Installation:
    """One database with its web server on 127.0.0.1."""

    appointments: int
    port: int
    app_url: str
    admin_url: str
    subdomains: list[str]
    services: list[str]
    free: list[Place]

    def forget_bookings(self) -> None:
        """Remove what was held and booked over the bulk data, so that the next measurement meets the same places."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            # No triggers: each deletion would be checked and written into the history.
            connection.execute("SET session_replication_role = replica")
            # Occupancy before what it belongs to: the join needs the rows. The bulk data's has no reservation.
            connection.execute("DELETE FROM busy_times b USING reservations r WHERE b.source_id = r.id")
            connection.execute(
                "DELETE FROM busy_times b USING appointments a"
                " WHERE b.source_id = a.id AND a.reservation_id IS NOT NULL"
            )
            connection.execute("DELETE FROM appointments WHERE reservation_id IS NOT NULL")
            connection.execute("DELETE FROM reservations")
            connection.execute("TRUNCATE notification_logs")
            # Dead rows would make the next measurement slower than this one.
            connection.execute("VACUUM busy_times, appointments, reservations")


class Servers:
    """One PostgreSQL and one Valkey, and as many installations on them as are asked for. Use `running`."""

    def __init__(self, folder: Path, cleanup: ExitStack, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._cleanup = cleanup
        self._numbers = count(1)
        self._postgres = PostgresServer(folder / "postgres")
        cleanup.callback(self._postgres.wipe)
        cleanup.callback(self._postgres.stop)
        self._admin_url = self._postgres.start()
        valkey = ValkeyServer(folder / "valkey")
        cleanup.callback(valkey.stop)
        self._environment = {
            # Settings of a test run would point the servers at its database.
            **{name: value for name, value in os.environ.items() if not name.startswith("RHIVO_TEST")},
            "REDIS_URL": valkey.start(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "JWT_SECRET": secrets.token_urlsafe(48),
            "RHIVO_ENV": "demo",
            "RHIVO_THROTTLE": "off",
            "LOG_LEVEL": "WARNING",
            "MAIL_DIR": str(folder / "mail"),
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            **settings,
        }
        self._passwords = {role: secrets.token_urlsafe(16) for role in ("app", "worker", "owner")}
        self._migrate()

    @property
    def version(self) -> str:
        return self._postgres.version

    def installation(self, appointments: int) -> Installation:
        """Make a database with so many appointments, and serve it."""
        name = f"bench_{next(self._numbers)}_{appointments}"
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER rhivo_owner").format(
                    sql.Identifier(name), sql.Identifier(EMPTY)
                )
            )
        urls = roles.prepare(self._admin_url, database=name, passwords=self._passwords)
        admin_url = rewritten(self._admin_url, dbname=name)
        free = _fill(admin_url, appointments)
        return Installation(
            appointments=appointments,
            port=self._serve(name, urls),
            app_url=urls["app"],
            admin_url=admin_url,
            subdomains=sorted({place.subdomain for place in free}),
            services=sorted({place.service_slug for place in free}),
            free=free,
        )

    def _migrate(self) -> None:
        urls = roles.prepare(self._admin_url, database=EMPTY, passwords=self._passwords)
        migration = self._spawn("migrate", urls, "owner", "manage.py", "migrate", "--no-input")
        if migration.process.wait():
            raise RuntimeError(f"The migration failed:\n{migration.tail(40)}")

    def _serve(self, name: str, urls: dict[str, str]) -> int:
        port = free_port()
        web = self._spawn(f"web-{name}", urls, "app", "-m", *web_server(port=port, workers=WEB_PROCESSES))
        self._cleanup.callback(web.stop)
        if not wait_until(lambda: not web.running or not port_is_free(port), seconds=60) or not web.running:
            raise RuntimeError(f"The web server did not start:\n{web.tail(40)}")
        return port

    def _spawn(self, name: str, urls: dict[str, str], role: str, *arguments: str) -> Child:
        environment = {
            **self._environment,
            "DATABASE_URL": urls["app"],
            "WORKER_DATABASE_URL": urls["worker"],
            "MIGRATION_DATABASE_URL": urls["owner"],
            "RHIVO_DB_ROLE": role,
        }
        log = self._folder / f"{name}.log"
        return Child.spawn(name, [sys.executable, *arguments], log=log, env=environment, cwd=CHECKOUT)


@contextmanager
def running(**settings: str) -> Iterator[Servers]:
    """Start the servers in a temporary folder, with these settings; stop and remove them afterwards."""
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="rhivo-bench-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # PostgreSQL may run as another user
        yield Servers(folder, cleanup, settings)


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Drop the indexes and build them again, as they were, after the bulk data."""
    # Kept up row by row they would take most of the run. An exclusion constraint owns its index, so it goes first.
    exclusions = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'busy_times'::regclass AND contype = 'x'"
    ).fetchall()
    for name, _ in exclusions:
        connection.execute(f"ALTER TABLE busy_times DROP CONSTRAINT {name}".encode())
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid IN ('busy_times'::regclass, 'appointments'::regclass) AND NOT indisunique"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    yield
    for name, definition in exclusions:
        connection.execute(f"ALTER TABLE busy_times ADD CONSTRAINT {name} {definition}".encode())
    for _, definition in indexes:
        connection.execute(definition.encode())


def _fill(admin_url: str, appointments: int) -> list[Place]:
    """Write the bulk data and return the free places of the days to come, in random order."""
    businesses = min(10, max(1, round(appointments / 20_000)))
    days = ceil(appointments / businesses / BOOKED_A_DAY) + 2
    ahead = max(DAYS_AHEAD, days // 3)
    bulk = (Path(__file__).parent / "bulk.sql").read_text()
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        with _without_indexes(connection):
            # `str.format`, so a brace that is meant as one stands twice in the file.
            connection.execute(
                bulk.format(appointments=appointments, businesses=businesses, days=days, ahead=ahead).encode()
            )
        free = connection.execute(
            "SELECT b.subdomain, s.slug, b.id, s.id, p.staff_id, p.starts_at"
            " FROM bench_places p JOIN businesses b ON b.id = p.business_id JOIN services s ON s.id = p.service_id"
            " WHERE NOT p.taken AND p.starts_at BETWEEN now() + interval '1 day' AND now() + %s * interval '1 day'"
            " ORDER BY random()",
            [DAYS_AHEAD],
        ).fetchall()
        connection.execute("DROP TABLE bench_places")
        connection.execute("VACUUM ANALYZE")
    return [Place(*row) for row in free]
