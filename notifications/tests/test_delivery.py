"""Delivery: once, again after a failure, not for ever; a message that fails holds up no other."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import ProgrammingError, connection

from notifications.delivery import GIVE_UP_AFTER, LEASE, ROUND, deliver_due
from notifications.models import NotificationLog
from rhivo.clock import now
from rhivo.testing.builder import GINO, Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import unique

pytestmark = pytest.mark.django_db(transaction=True)


class Refusing(EmailBackend):
    """A mail server that is away."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("nobody there")


@pytest.fixture(autouse=True)
def templates(settings: Any, tmp_path: Path) -> None:
    """Plain templates of the tests' own, before any other."""
    folder = tmp_path / "notifications"
    folder.mkdir()
    for event in ("confirmed", "rescheduled", "canceled"):
        for kind in ("subject.txt", "txt", "html"):
            (folder / f"appointment_{event}.{kind}").write_text("{{ reference }} {{ customer_name }} {{ manage_url }}")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]


@pytest.fixture(autouse=True)
def _nothing_enqueued_before() -> None:
    """Give up what other tests enqueued; those mails are theirs."""
    with as_role("worker"):
        NotificationLog.objects.filter(status__in=["pending", "sending"]).update(status="failed")
    mail.outbox = []


def book_one(shop: Shop) -> str:
    """Book, and return the address for which a mail is enqueued."""
    address = f"{unique('gino')}@example.com"
    shop.book(shop.at(), shop.service(max_simultaneous_bookings=50), contact=replace(GINO, email=address))
    return address


def deliver(at: datetime | None = None) -> int:
    with as_role("worker"):
        return deliver_due(at=at or now())


def log_of(address: str) -> NotificationLog:
    with as_role("worker"):
        return NotificationLog.objects.get(recipient=address)


def test_what_is_enqueued_is_sent_once(shop: Shop) -> None:
    address = book_one(shop)
    assert (deliver(), deliver()) == (1, 0)
    [sent] = mail.outbox
    assert sent.to == [address]
    assert "\n" not in sent.subject
    assert log_of(address).status == "sent"


def test_the_link_in_the_mail_is_nowhere_in_the_database(shop: Shop) -> None:
    address = book_one(shop)
    deliver()
    token = str(mail.outbox[0].body).rstrip("/").rpartition("/")[2]
    assert len(token) == 43
    assert token not in str(log_of(address).__dict__)


def test_a_failure_is_tried_again_later_each_time_twice_as_late(shop: Shop, settings: Any) -> None:
    address = book_one(shop)
    settings.EMAIL_BACKEND = "notifications.tests.test_delivery.Refusing"
    at, waits = now(), []
    for _ in range(4):
        assert deliver(at) == 0
        failed = log_of(address)
        assert (failed.status, failed.last_error) == ("pending", "nobody there")
        waits.append(failed.due_at - at)
        assert deliver(failed.due_at - timedelta(seconds=1)) == 0
        at = failed.due_at
    assert waits == [timedelta(seconds=30 * 2**n) for n in range(4)]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver(at) == 1
    assert (log_of(address).attempts, log_of(address).last_error) == (5, "")


def test_what_fails_for_ever_is_given_up(shop: Shop, settings: Any) -> None:
    address = book_one(shop)
    settings.EMAIL_BACKEND = "notifications.tests.test_delivery.Refusing"
    at = now()
    for _ in range(GIVE_UP_AFTER + 3):
        deliver(at)
        at += timedelta(days=1)
    given_up = log_of(address)
    assert (given_up.status, given_up.attempts) == ("failed", GIVE_UP_AFTER)


def test_a_worker_that_dies_while_sending_leaves_it_to_the_next(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    address = book_one(shop)
    with monkeypatch.context() as dying:
        dying.setattr("notifications.channels.email.write_mail", lambda message: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            deliver()
    assert log_of(address).status == "sending"
    assert deliver() == 0
    assert deliver(now() + LEASE + timedelta(seconds=1)) == 1


def test_a_round_ends_while_its_leases_last_however_slow_the_mail_server(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr("notifications.delivery.time", SimpleNamespace(monotonic=lambda: next(clock)))
    for _ in range(5):
        book_one(shop)
    assert deliver() == 2
    longest = ROUND + 10 * timedelta(seconds=settings.EMAIL_TIMEOUT)
    assert longest < LEASE
    assert deliver(now() + LEASE) == 2


def test_a_booking_does_not_wait_for_the_broker(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    booked, heard = threading.Event(), threading.Event()
    booked_meanwhile: list[bool] = []

    def hang(**_: Any) -> None:
        booked_meanwhile.append(booked.wait(timeout=10))
        heard.set()

    monkeypatch.setattr("notifications.tasks.deliver.apply_async", hang)
    book_one(shop)
    booked.set()
    assert heard.wait(timeout=10)
    assert booked_meanwhile == [True]


def test_a_mail_that_cannot_be_written_holds_up_no_other_and_is_given_up(shop: Shop) -> None:
    poison, good = book_one(shop), book_one(shop)
    with as_role("owner"):
        NotificationLog.objects.filter(recipient=poison).update(template="no_such_template")
    assert deliver() == 1
    assert [sent.to for sent in mail.outbox] == [[good]]
    at = now()
    for _ in range(GIVE_UP_AFTER):
        at += timedelta(days=1)
        deliver(at)
    assert log_of(poison).status == "failed"


def test_workers_at_once_send_each_message_once(shop: Shop) -> None:
    addresses = [book_one(shop) for _ in range(20)]
    counts: list[int] = []
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait(timeout=10)
        try:
            counts.append(deliver())
        finally:
            connection.close()

    workers: list[threading.Thread] = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert sum(counts) == 20
    assert sorted(sent.to[0] for sent in mail.outbox) == sorted(addresses)


def test_the_web_role_may_enqueue_but_not_mark_as_sent(shop: Shop, shops: Callable[..., Shop]) -> None:
    address = book_one(shop)

    with pytest.raises(ProgrammingError, match="permission denied"):
        NotificationLog.objects.filter(recipient=address).update(status="sent")
    assert log_of(address).status == "pending"
