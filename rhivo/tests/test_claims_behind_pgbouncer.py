"""Behind PgBouncer in transaction mode, where transactions of many clients take turns on few connections."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rhivo import claims
from rhivo.testing.builder import Shop
from rhivo.testing.claim_leaks.leaking_requests import Visitor, connected, leaks_of_requests
from rhivo.testing.clients.http_client import Call
from rhivo.testing.database import raw
from rhivo.testing.real_servers.pgbouncer import POOL_SIZE, PgBouncer, pooling, program, version
from rhivo.testing.real_servers.web_server import serving
from rhivo.tests.test_claims_in_pools import for_the_session

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(program() is None, reason="PgBouncer is not installed: apt-get install pgbouncer"),
]
REQUESTS = 2000
# From 1.22 on it keeps track of prepared statements, as psycopg closes them.
PREPARED = [0, 100] if version() >= (1, 22) else [0]


@pytest.fixture
def pooler(django_db_setup: None) -> Iterator[PgBouncer]:
    with pooling() as running:
        yield running


def through(pooler: PgBouncer) -> Any:
    """Return settings as RHIVO_DB_PREPARE=off gives them, with a client's connection kept."""
    prepared = {"server_side_binding", "prepare_threshold"}

    def change(former: dict[str, Any]) -> dict[str, Any]:
        options = {name: value for name, value in former["OPTIONS"].items() if name not in prepared}
        return {"PORT": pooler.port, "CONN_MAX_AGE": 60, "OPTIONS": options}

    return change


def test_no_request_meets_the_claims_of_another(visitors: list[Visitor], pooler: PgBouncer) -> None:
    with connected(change=through(pooler)):
        answered, leaks = leaks_of_requests(visitors, threads=16, requests=REQUESTS)
    assert (answered, leaks) == (REQUESTS, [])
    with raw("owner") as owner:
        shared = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'rhivo_app'"
            " AND application_name LIKE '%% - 127.0.0.1:%%'"
        ).fetchone()
    assert shared in [(number,) for number in range(1, POOL_SIZE + 1)]


def test_settings_of_the_session_would_reach_other_clients(
    visitors: list[Visitor], pooler: PgBouncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "set_config_sql", for_the_session)
    with connected(change=through(pooler)):
        _, leaks = leaks_of_requests(visitors, threads=16, requests=320)
    assert len(leaks) > 10


@pytest.mark.parametrize("prepared", PREPARED)
def test_the_whole_product_works_through_it(prepared: int, shop: Shop, tmp_path: Path) -> None:
    """Forty visitors want one place: one gets it, books it, and cancels it by their token."""
    service = shop.service()
    with pooling(prepared_statements=prepared) as pooler:
        own = {"DATABASE_URL": pooler.url("app"), "RHIVO_DB_PREPARE": "on" if prepared else "off"}
        with serving(tmp_path, environment=own) as server:
            wanted = {"service": str(service.id), "start": shop.at("10:00").isoformat()}
            answers = server.storm([Call(f"{shop.api}/reservations/", wanted) for _ in range(40)])
            assert sorted({answer.status for answer in answers}) == [201, 409]
            [held] = [answer for answer in answers if answer.status == 201]
            contact = {"reservation": held.body["id"], "name": "Gino", "email": "gino@example.com"}
            booked = server.ask(Call(f"{shop.api}/appointments/", contact))
            assert booked.status == 201
            token = {"cancellation_token": booked.body["cancellation_token"]}
            guest = server.ask(Call("/api/v1/auth/guest/", token)).body["access"]
            there = f"/api/v1/appointments/{booked.body['id']}/"
            assert server.ask(Call(there, method="GET")).status == 401
            assert server.ask(Call(there, method="GET", token=guest)).body["reference"] == booked.body["reference"]
            canceled = server.ask(Call(f"{there}cancel/", {}, token=guest, headers={"If-Match": '"1"'}))
            assert (canceled.status, canceled.body["status"]) == (200, "canceled")
