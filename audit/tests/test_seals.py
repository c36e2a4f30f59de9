"""What a seal covers is closed for good, however many write and seal at the same moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError, OperationalError

from audit.chain import seal as sealing
from audit.chain.seal import seal_all, seal_history
from audit.models import AuditSeal
from audit.tasks import seal as seal_task
from audit.tests.histories import at_repeatable_read, entries, seal, verify
from rhivo.celery import app
from rhivo.local.processes import wait_until
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, raw
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)


def seals(shop: Shop) -> list[AuditSeal]:
    with as_role("worker"):
        return list(AuditSeal.objects.filter(business_id=shop.business.id).order_by("id"))


def test_a_seal_covers_what_is_new_and_chains_to_the_one_before(shop: Shop) -> None:
    assert seal(shop) == 1
    shop.service()
    assert seal(shop) == 1
    first, second = seals(shop)
    assert (first.previous_digest, first.entries) == ("", 10)
    assert (second.previous_digest, second.entries) == (first.digest, 2)
    assert [entry.action for entry in entries(shop.business.id)[10:]] == ["sealed", "added", "sealed"]
    assert verify(shop) == (0, "13 entries, 2 seals, all intact\n")


def test_nothing_new_makes_no_seal(shop: Shop) -> None:
    assert [seal(shop) for _ in range(3)] == [1, 0, 0]
    assert len(seals(shop)) == 1


def test_much_is_sealed_in_pieces(shop: Shop) -> None:
    assert seal(shop, limit=4) == 3
    assert [one.entries for one in seals(shop)] == [4, 4, 4]
    assert verify(shop)[0] == 0


def test_the_task_seals_every_business_and_beat_runs_it_every_ten_minutes(shop: Shop, other_shop: Shop) -> None:
    with as_role("worker"):
        assert seal_task() >= 2
    assert [len(seals(one)) for one in (shop, other_shop)] == [1, 1]
    planned = [one for one in app.conf.beat_schedule.values() if one["task"] == seal_task.name]
    assert [one["schedule"] for one in planned] == [600.0]


def test_a_business_with_a_writer_under_way_is_left_for_later_without_stopping_others(
    shop: Shop, other_shop: Shop
) -> None:
    with raw("owner") as writer:
        with writer.transaction():
            add_category(writer, shop, "written")
            assert seal(shop) is None
            with as_role("worker"):
                assert seal_all() >= 1
            assert (seals(shop), len(seals(other_shop))) == ([], 1)
        assert seal(shop) == 1
    assert verify(shop)[0] == 0


def test_a_business_that_cannot_be_sealed_keeps_no_other_from_it(
    shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(business_id: UUID, limit: int) -> int | None:
        if business_id == shop.business.id:
            raise DatabaseError("broken")
        return really(business_id, limit)

    really = sealing._seal
    monkeypatch.setattr(sealing, "_seal", failing)
    with as_role("worker"):
        sealing.seal_all()
    assert [len(seals(one)) for one in (shop, other_shop)] == [0, 1]
    assert f"the history of {shop.business.id} could not be sealed" in caplog.text


def add_category(connection: "psycopg.Connection[tuple[object, ...]]", shop: Shop, name: str) -> None:
    connection.execute(
        "INSERT INTO categories (id, business_id, name, position) VALUES (%s, %s, %s, 0)",
        [uuid4(), shop.business.id, name],
    )


def test_writers_go_on_while_a_seal_is_reckoned(shop: Shop) -> None:
    """The lock that writers share is given back before the seal's transaction ends."""
    with raw("worker") as sealer, sealer.transaction():
        assert sealer.execute("SELECT seal_history(%s)", [shop.business.id]).fetchone() == (10,)
        with raw("owner") as writer:
            writer.execute("SET lock_timeout TO '1s'")
            add_category(writer, shop, "meanwhile")
    assert seal(shop) == 1
    assert verify(shop) == (0, "13 entries, 2 seals, all intact\n")


def test_two_sealers_at_once_make_one_seal(shop: Shop) -> None:
    with raw("worker") as first, first.transaction():
        assert first.execute("SELECT seal_history(%s)", [shop.business.id]).fetchone() == (10,)
        assert seal(shop) is None
    assert len(seals(shop)) == 1
    shop.service()
    assert sum(count for made, count in race(8, lambda _: seal(shop)).items() if made == "1") == 1
    assert len(seals(shop)) == 2
    assert verify(shop)[0] == 0


def test_who_seals_while_another_is_at_it_leaves_it_to_them(shop: Shop) -> None:
    """Held up between the look for writers and the first line that it writes, a sealer is no writer yet."""
    with ThreadPoolExecutor(2) as pool, raw("owner") as holder, raw("worker") as second:
        with holder.transaction():
            holder.execute("LOCK TABLE audit_seals IN SHARE MODE")
            first = pool.submit(seal_by_hand, shop)
            assert wait_until(lambda: _waits_for_seals(second), seconds=10)
            # Waiting would be an error here: the lock on the table is still held.
            second.execute("SET lock_timeout TO '500ms'")
            assert second.execute("SELECT seal_history(%s)", [shop.business.id]).fetchone() == (None,)
        assert first.result() == 10
    assert len(seals(shop)) == 1


def seal_by_hand(shop: Shop) -> object:
    with raw("worker") as connection:
        row = connection.execute("SELECT seal_history(%s)", [shop.business.id]).fetchone()
    return row[0] if row else None


def _waits_for_seals(connection: "psycopg.Connection[tuple[Any, ...]]") -> bool:
    waiting = "SELECT FROM pg_locks WHERE relation = 'audit_seals'::regclass AND NOT granted"
    return connection.execute(waiting).rowcount > 0


def test_no_entry_appears_below_a_seal_while_many_write(shop: Shop) -> None:
    """Ids are drawn before commits: a writer does more between the two, while sealers seal what they can see."""

    def write_or_seal(number: int) -> str:
        if number % 4 == 0:
            made = [seal(shop) for _ in range(5)]
            return "sealed" if any(made) else "too busy"
        with raw("owner") as writer:
            for turn in range(5):
                with writer.transaction():
                    add_category(writer, shop, f"{number} {turn}")
                    add_category(writer, shop, f"{number} {turn} again")
        return "wrote"

    outcomes = race(16, write_or_seal)
    assert outcomes["wrote"] == 12, outcomes
    seal(shop)
    assert len(entries(shop.business.id, "category")) == 120
    assert verify(shop)[0] == 0, Counter(outcomes)


def test_a_worker_cannot_put_a_seal_in_nor_anyone_else_make_one(shop: Shop) -> None:
    forged = "INSERT INTO audit_seals (business_id, last_entry_id, entries, digest, previous_digest, sealed_at) VALUES (%s, 1, 1, '', '', now())"
    for role, query in (
        ("worker", forged),
        ("app", forged),
        ("app", "SELECT seal_history(%s)"),
        ("app", "SELECT closed_history(%s)"),
        ("worker", "SELECT write_history(%s, 'service', gen_random_uuid(), 'forged', NULL, NULL)"),
        ("app", "SELECT write_history(%s, 'service', gen_random_uuid(), 'forged', NULL, NULL)"),
    ):
        with raw(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):  # type: ignore[arg-type]
            connection.execute(query, [shop.business.id])


@pytest.mark.parametrize("role", ["app", "worker"])
@pytest.mark.parametrize(
    "function", ["row_writes_history()", "appointments_after_change()", "account_writes_history()"]
)
def test_no_trigger_of_the_history_can_be_put_on_a_table_of_ones_own(db: None, role: str, function: str) -> None:
    """Else whoever may make a table could write entries of anything."""
    with raw("owner") as owner:
        row = owner.execute("SELECT has_function_privilege(%s, %s, 'EXECUTE')", [f"rhivo_{role}", function]).fetchone()
    assert row == (False,)


def test_sealing_at_another_level_of_isolation_is_refused(shop: Shop) -> None:
    with as_role("worker"), pytest.raises(OperationalError, match="READ COMMITTED"):
        at_repeatable_read(lambda: seal_history(shop.business.id))
