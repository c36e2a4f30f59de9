"""The same attacks as `test_races`, over HTTP: a real server, its processes, its connections, one place."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction

from bookings.models import Appointment, BusyTime
from rhivo.claims import acting_as, set_config_sql
from rhivo.testing.builder import Shop
from rhivo.testing.clients.http_client import Answer, Call
from rhivo.testing.database import raw
from rhivo.testing.real_servers.web_server import Server, access_token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
GUEST = {"name": "Gino", "email": "gino@example.com"}


def hold(shop: Shop, start: datetime, service: str = "cut", *, key: str | None = None) -> Call:
    headers = {"Idempotency-Key": key} if key else {}
    return Call(f"{shop.api}/reservations/", {"service": service, "start": start.isoformat()}, headers=headers)


def commit(shop: Shop, reservation: str, *, key: str | None = None) -> Call:
    headers = {"Idempotency-Key": key} if key else {}
    return Call(f"{shop.api}/appointments/", {"reservation": reservation, **GUEST}, headers=headers)


def staff_token(shop: Shop) -> str:
    return access_token(shop.employee, business_id=shop.business.id, role="staff")


def live_claims(shop: Shop) -> int:
    with acting_as(shop.public), transaction.atomic():
        return BusyTime.objects.filter(business_id=shop.business.id).count()


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    """Count the answers by code or status, after looking that each is a document of the API's."""
    for answer in answers:
        assert answer.status < 500, answer
        assert answer.is_problem == (answer.status >= 400), answer
    return Counter(answer.code for answer in answers)


def test_a_hundred_requests_for_one_place_give_exactly_one(shop: Shop, server: Server) -> None:
    shop.service()
    answers = server.storm([hold(shop, shop.at("10:00"))] * 100)
    assert outcomes(answers) == {"201": 1, "SLOT_UNAVAILABLE": 99}
    for answer in answers:
        if answer.status == 409:
            starts = [datetime.fromisoformat(start) for start in answer.body["alternatives"]]
            assert len(starts) == 3
            assert shop.at("10:00") not in starts
    assert live_claims(shop) == 1


def test_two_hundred_requests_for_five_places_give_exactly_five(shop: Shop, server: Server) -> None:
    shop.service("class", max_simultaneous_bookings=5)
    answers = server.storm([hold(shop, shop.at("10:00"), "class")] * 200)
    assert outcomes(answers) == {"201": 5, "SLOT_UNAVAILABLE": 195}
    assert live_claims(shop) == 5


def test_requests_for_staggered_starts_that_all_overlap_give_exactly_one(
    shops: Callable[..., Shop], server: Server
) -> None:
    shop = shops(slot_interval_minutes=5)
    shop.service(duration_minutes=60)
    for round_ in range(50):
        first = shop.at("09:00", days=2 + round_)
        answers = server.storm([hold(shop, first + timedelta(minutes=5 * n)) for n in range(12)])
        assert outcomes(answers) == {"201": 1, "SLOT_UNAVAILABLE": 11}, f"round {round_}"
    assert live_claims(shop) == 50


def test_requests_for_one_person_in_four_services_give_exactly_one(shop: Shop, server: Server) -> None:
    for n in range(4):
        shop.service(f"s{n}", staff=["anna"], max_simultaneous_bookings=9)
    answers = server.storm([hold(shop, shop.at("10:00"), f"s{n % 4}") for n in range(40)])
    assert outcomes(answers) == {"201": 1, "SLOT_UNAVAILABLE": 39}


def test_every_way_of_booking_meets_at_one_place_and_one_wins(shop: Shop, server: Server) -> None:
    service, start = shop.service(), shop.at("10:00")
    elsewhere = [shop.book_by_staff(shop.at("10:00", days=days)) for days in (4, 5, 6, 7)]
    token = staff_token(shop)
    customer = {"name": "Walk-in", "phone": "+39061234567"}
    by_staff = Call(
        "/api/v1/appointments/", {"service": "cut", "start": start.isoformat(), "customer": customer}, token
    )
    reschedulings = [
        Call(f"/api/v1/appointments/{one.id}/reschedule/", {"start": start.isoformat()}, token, {"If-Match": '"1"'})
        for one in elsewhere
    ]
    inserts = [threading.Thread(target=insert_with_sql, args=(shop, service.id, start)) for _ in range(4)]
    for thread in inserts:
        thread.start()
    answers = server.storm([hold(shop, start), by_staff, *reschedulings, hold(shop, start), by_staff])
    for thread in inserts:
        thread.join()
    for answer in answers:
        if answer.status == 201 and "reference" not in answer.body:
            assert server.ask(commit(shop, answer.body["id"])).status == 201
    assert set(outcomes(answers)) <= {"200", "201", "SLOT_UNAVAILABLE"}
    with acting_as(shop.employees), transaction.atomic():
        assert Appointment.objects.filter(business=shop.business, starts_at=start).count() == 1
    with raw("owner") as owner:
        row = owner.execute("SELECT peak_places(%s, tstzrange('-infinity', 'infinity'))", [service.id]).fetchone()
    assert row == (1,)


def insert_with_sql(shop: Shop, service_id: object, start: datetime) -> None:
    """Insert as rhivo_app with bare SQL; a refusal for want of room is as good an answer as any."""
    try:
        with raw("app") as app, app.transaction():
            app.execute(set_config_sql(shop.employees))
            app.execute(
                "INSERT INTO appointments (id, business_id, service_id, starts_at, status, version, customer_name,"
                " customer_email, customer_phone, notes, answers, cancellation_token_hash, overrides,"
                " request_fingerprint) VALUES (%s, %s, %s, %s, 'confirmed', 1, 'Raw', '', '', '', '{}', '', '[]', '')",
                [uuid4(), shop.business.id, service_id, start],
            )
    except psycopg.errors.ExclusionViolation:
        return


@pytest.mark.parametrize("key", [None, "one-key-for-all-of-them"])
def test_one_hold_committed_twenty_times_at_once_is_one_appointment(
    key: str | None, shop: Shop, server: Server
) -> None:
    reservation = str(shop.hold(shop.at("10:00")).id)
    answers = server.storm([commit(shop, reservation, key=key)] * 20)
    assert outcomes(answers) == {"201": 1, "200": 19}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len({answer.body["cancellation_token"] for answer in answers}) == 1
    with raw("owner") as owner:
        told = owner.execute(
            "SELECT (SELECT count(*) FROM notification_logs WHERE business_id = %(id)s),"
            " (SELECT count(*) FROM audit_logs WHERE business_id = %(id)s AND entity = 'appointment')",
            {"id": shop.business.id},
        ).fetchone()
    assert told == (1, 1)
    assert live_claims(shop) == 1


def test_one_key_sent_twenty_times_at_once_is_one_hold(shop: Shop, server: Server) -> None:
    shop.service(max_simultaneous_bookings=20)
    answers = server.storm([hold(shop, shop.at("10:00"), key="the-same-key")] * 20)
    assert outcomes(answers) == {"201": 1, "200": 19}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert live_claims(shop) == 1


def test_one_key_for_many_different_requests_at_once_makes_one_hold(shop: Shop, server: Server) -> None:
    shop.service(max_simultaneous_bookings=20)
    calls = [hold(shop, shop.at(f"{9 + n:02}:00"), key="the-same-key") for n in range(10)]
    assert outcomes(server.storm(calls)) == {"201": 1, "IDEMPOTENCY_MISMATCH": 9}
    assert live_claims(shop) == 1


def test_one_appointment_rescheduled_and_canceled_at_once_changes_once(shop: Shop, server: Server) -> None:
    booked, token = shop.book(shop.at("10:00")), staff_token(shop)
    change = f"/api/v1/appointments/{booked.id}"
    calls = [
        Call(f"{change}/reschedule/", {"start": shop.at(f"{11 + n}:00").isoformat()}, token, {"If-Match": '"1"'})
        for n in range(8)
    ]
    assert outcomes(server.storm(calls)) == {"200": 1, "VERSION_CONFLICT": 7}
    cancels = [Call(f"{change}/cancel/", {}, token, {"If-Match": '"2"'})] * 8
    assert outcomes(server.storm(cancels)) == {"200": 8}
    with acting_as(shop.employees), transaction.atomic():
        assert Appointment.objects.get(pk=booked.pk).version == 3
    assert live_claims(shop) == 0


def test_connections_killed_under_load_lose_nothing_and_the_server_recovers(shop: Shop, server: Server) -> None:
    shop.service(max_simultaneous_bookings=1000)
    start = shop.at("10:00")
    over = threading.Event()
    kills: list[int] = []

    def kill_now_and_then() -> None:
        while not over.wait(0.15):
            kills.append(server.kill_database_connections())

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        answers = [answer for _ in range(4) for answer in server.storm([hold(shop, start)] * 100, lanes=32)]
    finally:
        over.set()
        killer.join()
    assert sum(kills) > 0
    assert {answer.status for answer in answers} <= {200, 201, 503}
    for answer in answers:
        if answer.status == 503:
            assert answer.code in ("BUSY", "OUTCOME_UNKNOWN")
            assert answer.is_problem
            assert int(answer.headers["retry-after"]) > 0
    assert live_claims(shop) >= sum(answer.status == 201 for answer in answers)
    calm = server.storm([hold(shop, start)] * 40, lanes=32)
    assert outcomes(server.storm([hold(shop, start)] * 40, lanes=32)) == {"201": 40}, Counter(a.code for a in calm)
