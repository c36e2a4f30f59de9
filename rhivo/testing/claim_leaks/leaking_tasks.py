"""Tasks that leave claims behind as badly as tasks can, and one that looks for them.

A worker runs them with `celery -A rhivo.testing.claim_leaks.leaking_tasks`. With RHIVO_TEST_UNPROTECTED they are
Celery's own kind of task, to show that the look would find what is left.
"""

import json
import os
import time
from uuid import UUID

import redis
from celery import Task
from django.conf import settings
from django.db import connection, transaction

from rhivo import claims
from rhivo.celery import UnclaimedTask, app
from rhivo.claims import Claims, acting_as

BASE = Task if os.environ.get("RHIVO_TEST_UNPROTECTED") else UnclaimedTask
REPORTS = redis.Redis.from_url(settings.REDIS_URL)
SETTINGS = (
    "SELECT concat_ws(' ', VARIADIC array_agg(NULLIF(current_setting('rhivo.' || name, true), '')))"
    " FROM unnest(ARRAY['business_id', 'user_id', 'role', 'cancellation_token', 'reservation_id', 'reason']) AS name"
)


@app.task(base=BASE)
def assume(business_id: str) -> None:
    """Put claims in force for good, outside any block."""
    claims.assume(Claims(business_id=UUID(business_id), role="owner"))


@app.task(base=BASE)
def assume_and_raise(business_id: str) -> None:
    """The same inside a transaction that an exception ends."""
    with transaction.atomic():
        claims.assume(Claims(business_id=UUID(business_id), role="owner"))
        connection.cursor().execute("SELECT 1 / 0")


@app.task(base=BASE)
def hang(business_id: str, report: str) -> None:
    """Say that it is under way, then hang with claims in a transaction, until it is ended from outside."""
    with acting_as(Claims(business_id=UUID(business_id), role="owner")), transaction.atomic():
        connection.cursor().execute("SELECT 1")
        REPORTS.rpush(report, "hangs")
        time.sleep(600)


@app.task(base=BASE)
def look(report: str) -> None:
    """Report whose claims are in force: in this thread, outside a transaction and inside one."""
    seen = {"thread": "" if claims.current() == claims.PUBLIC else str(claims.current()), "outside": _in_force()}
    with transaction.atomic():
        seen["inside"] = _in_force()
    REPORTS.rpush(report, json.dumps(seen))


def _in_force() -> str:
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return str(cursor.fetchone()[0])
