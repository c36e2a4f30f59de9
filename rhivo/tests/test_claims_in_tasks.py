"""Claims never outlive their task, in any of Celery's pools, over the real broker; whatever ended the task."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis

from rhivo.celery import app
from rhivo.local.processes import Child
from rhivo.testing.builder import Shop
from rhivo.testing.claim_leaks.leaking_tasks import assume, assume_and_raise, hang, look
from rhivo.testing.real_servers.web_server import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)
POOLS = {"solo": "1", "threads": "4", "prefork": "2"}
PATIENCE = 60
CELERY = (sys.executable, "-m", "celery", "-A", "rhivo.testing.claim_leaks.leaking_tasks")


class Worker:
    """A Celery worker with a queue of its own, on another database of the broker than the product's."""

    def __init__(self, pool: str, folder: Path, *, protected: bool) -> None:
        self.url = urlsplit(os.environ["REDIS_URL"])._replace(path="/1").geturl()
        self.queue = f"leaks-{uuid4().hex}"
        self.reports = f"{self.queue}-reports"
        self.redis = redis.Redis.from_url(self.url, socket_timeout=PATIENCE + 10)
        self.line = app.connection_for_write(self.url)
        self.node = f"celery@{self.queue}"
        own = {"REDIS_URL": self.url, "RHIVO_DB_ROLE": "worker"}
        self.environment = {**os.environ, **own, **({} if protected else {"RHIVO_TEST_UNPROTECTED": "yes"})}
        self.child = Child.spawn(
            "celery",
            [
                *(*CELERY, "worker", "--loglevel", "ERROR", "--pool", pool, "--concurrency", POOLS[pool]),
                *("--queues", self.queue, "--hostname", self.node),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            log=folder / "celery.log",
            env=self.environment,
            cwd=CHECKOUT,
        )

    def send(self, task: Any, *args: Any, **options: Any) -> Any:
        return task.apply_async(args, queue=self.queue, connection=self.line, **options)

    def kill(self, *task_ids: str) -> None:
        """Have tasks under way ended by SIGKILL, as an operator would."""
        command = (*CELERY, "control", "--destination", self.node, "terminate", "SIGKILL", *task_ids)
        subprocess.run(command, env=self.environment, cwd=CHECKOUT, check=True, capture_output=True)

    def report(self) -> str:
        """Wait for what the next task reports."""
        found = self.redis.blpop([self.reports], timeout=PATIENCE)
        assert found, self.child.tail()
        _, report = cast(tuple[bytes, bytes], found)
        return report.decode()

    def leaks(self, number: int) -> list[str]:
        """Return what so many looks found of anybody's claims."""
        seen = [json.loads(self.report()) for _ in range(number)]
        return [f"{where}: {claims}" for look in seen for where, claims in look.items() if claims]


@contextmanager
def working(pool: str, folder: Path, *, protected: bool = True) -> Iterator[Worker]:
    worker = Worker(pool, folder, protected=protected)
    try:
        yield worker
    finally:
        worker.child.stop()
        worker.redis.delete(worker.queue, worker.reports)
        worker.redis.close()
        worker.line.release()


def send_a_mixture(worker: Worker, shop: Shop, *, rounds: int) -> int:
    """Send tasks that leave claims and tasks that look; return how many look."""
    for _ in range(rounds):
        for task in (assume, assume_and_raise):
            worker.send(task, str(shop.business.id))
            worker.send(look, worker.reports)
            worker.send(look, worker.reports)
    return rounds * 4


@pytest.mark.parametrize("pool", POOLS)
def test_no_task_meets_the_claims_of_the_one_before(pool: str, shop: Shop, tmp_path: Path) -> None:
    with working(pool, tmp_path) as worker:
        looks = send_a_mixture(worker, shop, rounds=60)
        assert worker.leaks(looks) == []


@pytest.mark.parametrize("pool", POOLS)
def test_tasks_of_celerys_own_kind_would(pool: str, shop: Shop, tmp_path: Path) -> None:
    with working(pool, tmp_path, protected=False) as worker:
        looks = send_a_mixture(worker, shop, rounds=10)
        assert len(worker.leaks(looks)) > 5


@pytest.mark.parametrize("how", ["soft limit", "hard limit", "killed"])
def test_a_task_that_is_ended_from_outside_leaves_nothing(how: str, shop: Shop, tmp_path: Path) -> None:
    limits = {"soft limit": {"soft_time_limit": 1}, "hard limit": {"time_limit": 1}, "killed": {}}
    with working("prefork", tmp_path) as worker:
        hanging = [worker.send(hang, str(shop.business.id), worker.reports, **limits[how]).id for _ in range(2)]
        assert [worker.report() for _ in hanging] == ["hangs", "hangs"]
        if how == "killed":
            worker.kill(*hanging)
        looks = send_a_mixture(worker, shop, rounds=5)
        assert worker.leaks(looks) == []
