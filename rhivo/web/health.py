"""Whether the process is up, and whether what it needs is there: one line a dependency, no secrets."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from rhivo.clock import now
from rhivo.tasks import HEARTBEAT, HEARTBEAT_SECONDS

LATE = 5  # minutes; beat clears expired holds every minute
CLOCK_OFF = 30  # seconds
# Each would wait for the connection's timeout too, and /readyz would answer after its own client has given up.
NEED_THE_DATABASE = frozenset({"clock", "migrations", "expired holds"})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200, or 503 when something is missing, with a line for each dependency."""
    states: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            away = name in NEED_THE_DATABASE and states["database"] != "ok"
            states[name] = "unknown" if away else check()
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises, it is not ready
            # The class alone: messages of drivers quote hosts, users and sometimes passwords.
            states[name] = type(error).__name__
    ready = all(state == "ok" for state in states.values())
    lines = "".join(f"{name}: {state}\n" for name, state in states.items())
    response = HttpResponse(lines, status=200 if ready else 503, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    return response


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _clock() -> str:
    """Compare this process's own clock, by which tokens expire, with the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        # Outside a transaction `now` is this process's clock, inside the database's own: the difference would be none.
        off = abs((cursor.fetchone()[0] - now()).total_seconds())
    return f"{off:.0f} s off the database's" if off > CLOCK_OFF else "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} not applied" if pending else "ok"


def _broker() -> str:
    cache.get(HEARTBEAT)  # raises if the broker does not answer: cache and broker are one server
    return "ok"


def _worker() -> str:
    return "ok" if cache.get(HEARTBEAT) else f"no sign of life for {HEARTBEAT_SECONDS} s"


def _expired_holds() -> str:
    """Count the expired holds that are still there. They take no slot, but they show that beat or worker stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM busy_times WHERE expires_at < now() - make_interval(mins => %s)", [LATE])
        backlog = cursor.fetchone()[0]
    return f"{backlog} not cleared after {LATE} minutes" if backlog else "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "clock": _clock,
    "migrations": _migrations,
    "broker": _broker,
    "worker": _worker,
    "expired holds": _expired_holds,
}
