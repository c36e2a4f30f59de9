"""What a load balancer and an operator are told of a process and of what it needs."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from bookings import operations
from rhivo.clock import now
from rhivo.tasks import HEARTBEAT, heartbeat
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_left_over(transactional_db: None) -> None:
    """Clear away what other tests let run out."""
    with as_role("worker"):
        operations.release_expired(at=now())


def lines(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, dict(line.split(": ", 1) for line in answer.content.decode().splitlines())


def test_a_process_that_is_up_says_so(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_ready_means_that_everything_is_there(client: Client) -> None:
    heartbeat()
    status, said = lines(client)
    assert list(said) == ["database", "clock", "migrations", "broker", "worker", "expired holds"]
    assert (status, set(said.values())) == (200, {"ok"})


def test_a_process_whose_clock_is_off_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat()
    monkeypatch.setattr("rhivo.web.health.now", lambda: now() - timedelta(hours=2))
    status, said = lines(client)
    assert (status, said["clock"]) == (503, "7200 s off the database's")


def test_a_worker_without_a_sign_of_life_is_not_ready(client: Client) -> None:
    cache.delete(HEARTBEAT)
    status, said = lines(client)
    assert (status, said["worker"]) == (503, "no sign of life for 60 s")


def test_holds_that_nobody_clears_away_are_not_ready(client: Client, shop: Shop) -> None:
    heartbeat()
    shop.service()
    shop.hold(shop.at("10:00"), at=now() - timedelta(minutes=30))
    status, said = lines(client)
    assert (status, said["expired holds"]) == (503, "1 not cleared after 5 minutes")
