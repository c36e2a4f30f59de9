"""No query of a face reads a whole table that grows: asked of the planner as rhivo_app, under the claims in force."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from bookings.tasks import release_expired
from notifications.tasks import deliver
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)
GROWING = ("appointments", "reservations", "busy_times", "audit_logs", "notification_logs", "users", "availability")
SCAN = re.compile(rf"Seq Scan on ({'|'.join(GROWING)})\b")
READS = re.compile(rf"\s*(SELECT|UPDATE|DELETE)\b.*\b({'|'.join(GROWING)})\b", re.DOTALL)


@contextmanager
def plans(scans: list[str], asked: list[str]) -> Iterator[None]:
    """Ask for the plan of each query before it runs, with scans made dear: an index that could serve is taken."""

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not READS.match(sql) or many or not connection.in_atomic_block:
            return execute(sql, params, many, context)
        cursor = context["cursor"]
        cursor.cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.cursor.fetchall())
        cursor.cursor.execute("SET LOCAL enable_seqscan = on")
        asked.append(sql)
        if SCAN.search(plan):
            scans.append(f"{sql}\n{plan}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield


def test_no_request_and_no_task_reads_a_whole_table(shop: Shop) -> None:
    scans: list[str] = []
    asked: list[str] = []
    service = shop.service("cut", staff=["anna", "bob"])
    guest, customer = Api(), Api().as_(shop.customer)
    staff = Api().as_(shop.employee, role="staff", business_id=shop.business.id)
    with plans(scans, asked):
        day = shop.at().date().isoformat()
        guest.get(f"{shop.api}/slots/", **{"service": "cut", "from": day, "to": day})
        for client, contact in ((guest, {"name": "Gino", "email": "gino@example.com"}), (customer, {})):
            start = shop.at("10:00" if contact else "11:00").isoformat()
            hold = client.post(f"{shop.api}/reservations/", {"service": "cut", "start": start}).json()
            client.get(f"{shop.api}/reservations/{hold['id']}/")
            made = client.post(f"{shop.api}/appointments/", {"reservation": hold["id"], **contact})
            assert made.status_code == 201, made.content
            for reader in (staff, customer):
                for path in ("", f"{made.json()['id']}/", f"{made.json()['id']}/history/"):
                    reader.get(f"/api/v1/appointments/{path}")
            address = f"/api/v1/appointments/{made.json()['id']}"
            staff.post(f"{address}/reschedule/", {"start": shop.at("15:00").isoformat()}, version=1)
            staff.post(f"{address}/cancel/", version=2)
        browser = Client(HTTP_HOST="localhost")
        browser.force_login(shop.owner)
        for page in ("", "bookings/appointment/", "bookings/appointment/?q=gino", "notifications/notificationlog/"):
            assert browser.get(f"/admin/{page}", follow=True).status_code == 200
        with as_role("worker"), transaction.atomic():
            release_expired()
            deliver()
    assert service.is_active
    assert len(asked) > 30
    assert scans == []
