"""Which failures of the database are 503, and what a COMMIT without an answer is called."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client

from rhivo.db.constraints import domain_error
from rhivo.db.doubt import CommitInDoubt
from rhivo.db.postgresql.base import DatabaseWrapper
from rhivo.errors import OutcomeUnknown, Unavailable
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, refused
from rhivo.testing.database import as_role, raw

pytestmark = pytest.mark.django_db(transaction=True)
AWAY = {
    "08006": "connection failure",
    "25006": "read-only, as after a failover",
    "25P03": "left idle in a transaction",
    "40P01": "deadlock",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "53400": "a limit of the configuration",
    "55P03": "lock not available",
    "57014": "canceled by statement_timeout",
    "57P01": "administrator's shutdown",
    "57P02": "another backend crashed",
    "57P03": "starting up",
    "58030": "the disk does not read or write",
}
OURS = ("22P02", "23505", "25P02", "42501", "42601", "42P01", "XX000")


def of_state(state: str) -> DatabaseError:
    """Return what Django raises for an SQLSTATE."""
    error = DatabaseError(state)
    error.__cause__ = psycopg.errors.lookup(state)(state)
    return error


@pytest.mark.parametrize("state", AWAY, ids=list(AWAY.values()))
def test_a_server_that_is_not_there_or_not_able_is_busy(state: str) -> None:
    assert isinstance(domain_error(of_state(state)), Unavailable)


@pytest.mark.parametrize("state", OURS)
def test_a_bug_of_ours_is_not_called_busy(state: str) -> None:
    assert domain_error(of_state(state)) is None


def test_a_connection_that_is_refused_or_lost_is_busy() -> None:
    error = OperationalError("server closed the connection unexpectedly")
    error.__cause__ = psycopg.OperationalError("server closed the connection unexpectedly")
    assert isinstance(domain_error(error), Unavailable)


def kill_from_outside() -> None:
    """End the connection of the transaction under way, as its server."""
    with connection.cursor() as cursor, raw("owner") as other:
        cursor.execute("SELECT pg_backend_pid()")
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone()).fetchone() == (True,)


def test_a_connection_lost_during_commit_leaves_a_doubt_and_before_it_none() -> None:
    at_commit = """
        CREATE TEMP TABLE dying (x int);
        CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON dying DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION pg_temp.die();
        INSERT INTO dying VALUES (1);
    """
    with as_role("owner"):
        with pytest.raises(CommitInDoubt) as doubt, transaction.atomic():
            connection.cursor().execute(at_commit)
        assert isinstance(domain_error(doubt.value), OutcomeUnknown)
        with pytest.raises(OperationalError) as lost, transaction.atomic():
            kill_from_outside()
        assert type(domain_error(lost.value)) is Unavailable


@pytest.mark.parametrize(("state", "in_doubt"), [("57P01", True), ("08006", True), ("23503", False), ("53100", False)])
def test_last_words_of_a_server_leave_a_doubt_and_a_refused_commit_none(
    state: str, in_doubt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may be ended after the commit is durable and say so before the connection is seen to be closed."""

    def refuse(self: Any) -> None:
        raise of_state(state) from psycopg.errors.lookup(state)(state)

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper._commit", refuse)
    with as_role("app"), pytest.raises(DatabaseError) as refused_commit, transaction.atomic():
        connection.cursor().execute("SELECT 1")
    assert isinstance(refused_commit.value, CommitInDoubt) is in_doubt


def test_a_doubt_stays_where_the_server_cannot_be_reached_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After it Django opens a new connection: that one's failure is not what happened to the request."""

    def lose(self: Any) -> None:
        assert self.connection is not None
        self.connection.close()
        raise CommitInDoubt("server closed the connection unexpectedly")

    def refuse(self: Any, conn_params: Any) -> None:
        raise psycopg.OperationalError("connection refused")

    with as_role("app"), pytest.raises(OperationalError) as lost, transaction.atomic():
        connection.cursor().execute("SELECT 1")
        monkeypatch.setattr("rhivo.db.postgresql.base.DatabaseWrapper._commit", lose)
        monkeypatch.setattr("rhivo.db.postgresql.base.DatabaseWrapper.get_new_connection", refuse)
    assert "connection refused" in str(lost.value)
    assert isinstance(domain_error(lost.value), OutcomeUnknown)


def test_a_request_whose_commit_is_in_doubt_is_told_so_and_a_mere_reader_is_not(
    shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: Any) -> None:
        raise CommitInDoubt("server closed the connection unexpectedly")

    shop.service()
    monkeypatch.setattr("rhivo.db.postgresql.base.DatabaseWrapper._commit", lose)
    start = shop.at("10:00").isoformat()
    problem = refused(
        Api().post(f"{shop.api}/reservations/", {"service": "cut", "start": start}), 503, "OUTCOME_UNKNOWN"
    )
    assert "nothing was changed" not in problem["detail"]
    refused(Api().get(f"{shop.api}/"), 503, "BUSY")
    page = client.post(f"/b/{shop.business.subdomain}/log-out/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "nothing is done twice" in page.content.decode()


def test_a_session_that_cannot_be_saved_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(self: Any, request: Any, response: Any) -> None:
        raise OperationalError("refused") from psycopg.OperationalError("refused")

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_response", lose)
    client.raise_request_exception = False
    answer = client.get("/healthz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_pool_whose_connections_all_died_before_they_were_asked_for_gives_live_ones() -> None:
    """What `close_if_unusable_or_obsolete` drops is one connection; the pool still keeps the others."""
    settings = connection.settings_dict
    options = {**settings["OPTIONS"], "application_name": "died before", "pool": {"min_size": 4, "max_size": 4}}
    wrapper = DatabaseWrapper(settings | {"CONN_MAX_AGE": 0, "OPTIONS": options}, alias="default")
    try:
        assert wrapper.pool is not None
        wrapper.pool.open()
        wrapper.pool.wait()
        with raw("app") as app:
            killed = app.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'died before'"
            ).fetchall()
        assert killed == [(True,)] * 4
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    finally:
        wrapper.close()
        wrapper.close_pool()
