"""Clients that send or read a byte now and then: they hold no transaction, and others are served meanwhile."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from rhivo.errors import Unavailable
from rhivo.local.demo_launcher import BLOCKING_THREADS
from rhivo.local.processes import wait_until
from rhivo.testing.builder import Shop
from rhivo.testing.clients.http_client import Call
from rhivo.testing.real_servers.web_server import Server
from rhivo.web import slow_bodies
from rhivo.web.slow_bodies import AT_ONCE, FROM_ONE_ADDRESS, BodyReaders

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 2 * BLOCKING_THREADS
MANY = 3 * THREADS
OPEN_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rhivo app' AND datname = %s
      AND state LIKE 'idle in transaction%%' AND state_change < clock_timestamp() - interval '200 milliseconds'
"""


def idle_in_transaction() -> int:
    """Return how many of the server's connections are waiting for their client inside a transaction."""
    database = os.environ["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as administrator:
        row = administrator.execute(OPEN_TRANSACTIONS, [database]).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def clients(server: Server, request: str, *, number: int = MANY, buffer: int = 0) -> Iterator[list[socket.socket]]:
    """Open connections that have sent this much and wait."""
    with ExitStack() as open_sockets:
        opened = []
        for _ in range(number):
            client = open_sockets.enter_context(socket.socket())
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            client.connect(("127.0.0.1", server.port))
            client.sendall(request.replace("\n", "\r\n").encode())
            opened.append(client)
        yield opened


def unfinished(shop: Shop) -> str:
    return (
        f"POST {shop.api}/reservations/ HTTP/1.1\nHost: localhost\nContent-Type: application/json\n"
        'Idempotency-Key: 0123456789abcdef\nContent-Length: 500\n\n{"service"'
    )


def served(server: Server, shop: Shop) -> bool:
    return {server.ask(Call(f"{shop.api}/", method="GET")).status for _ in range(THREADS)} == {200}


def test_senders_who_never_finish_hold_no_transaction_and_stop_nobody(server: Server, shop: Shop) -> None:
    with clients(server, unfinished(shop)) as slow:
        assert served(server, shop)
        for client in slow[:10]:
            with_more = client.send(b":")
            assert with_more == 1
        assert served(server, shop)
        assert idle_in_transaction() == 0
    assert wait_until(lambda: served(server, shop), seconds=20)


def test_after_slow_senders_have_gone_bookings_are_taken_again(server: Server, shop: Shop) -> None:
    wanted = {"service": str(shop.service().id), "start": shop.at("10:00").isoformat()}
    with clients(server, unfinished(shop)):
        assert served(server, shop)
        refused = server.ask(Call(f"{shop.api}/reservations/", wanted))
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "BUSY", "5")
    assert wait_until(lambda: server.ask(Call(f"{shop.api}/reservations/", wanted)).status in (201, 409), seconds=20)


def test_clients_who_never_read_hold_no_transaction_and_stop_nobody(server: Server, shop: Shop) -> None:
    request = "GET /api/v1/schema/ HTTP/1.1\nHost: localhost\n\n"
    with clients(server, request, buffer=4096):
        assert served(server, shop)
        assert wait_until(lambda: idle_in_transaction() == 0, seconds=20)


def test_who_is_turned_away_and_never_finishes_stops_nobody(limited_server: Server, shop: Shop) -> None:
    address = {"X-Forwarded-For": "203.0.113.66"}
    limited_server.storm([Call(f"{shop.api}/reservations/", {}, headers=address) for _ in range(150)], lanes=8)
    with clients(limited_server, unfinished(shop).replace("\n", "\nX-Forwarded-For: 203.0.113.66\n", 1)):
        assert served(limited_server, shop)


def test_heads_that_never_end_stop_nobody(server: Server, shop: Shop) -> None:
    with clients(server, "POST / HTTP/1.1\nHost: local"):
        assert served(server, shop)
        assert idle_in_transaction() == 0


# Whose turn it is


@contextmanager
def reading(readers: BodyReaders, *addresses: str) -> Iterator[None]:
    with ExitStack() as turns:
        for address in addresses:
            turns.enter_context(readers.turn(address))
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_bodies, "PATIENCE", 0.0)


def test_one_address_has_two_slow_bodies_and_others_have_theirs(impatient: None) -> None:
    readers = BodyReaders()
    with reading(readers, *["192.0.2.1"] * FROM_ONE_ADDRESS):
        with pytest.raises(Unavailable), readers.turn("192.0.2.1"):
            pass
        with readers.turn("192.0.2.2"):
            pass


def test_all_addresses_together_leave_half_of_the_threads(impatient: None) -> None:
    readers = BodyReaders()
    with reading(readers, *(f"192.0.2.{number}" for number in range(AT_ONCE))):  # noqa: SIM117
        with pytest.raises(Unavailable), readers.turn("192.0.2.99"):
            pass
    with readers.turn("192.0.2.99"):
        pass


def test_a_body_waits_for_its_turn_while_others_are_being_read() -> None:
    readers, entered, leave = BodyReaders(), threading.Barrier(FROM_ONE_ADDRESS + 1), threading.Event()

    def read() -> None:
        with readers.turn("192.0.2.1"):
            entered.wait(timeout=20)
            leave.wait(timeout=20)

    others = [threading.Thread(target=read) for _ in range(FROM_ONE_ADDRESS)]
    for other in others:
        other.start()
    entered.wait(timeout=20)
    threading.Timer(0.05, leave.set).start()
    with readers.turn("192.0.2.1"):
        assert leave.is_set()
    for other in others:
        other.join(timeout=20)
