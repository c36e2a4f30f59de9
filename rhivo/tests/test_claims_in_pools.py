"""Claims never outlive their request: thousands of mixed requests over few connections, exceptions and streams included."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rhivo import claims
from rhivo.claims import Claims, settings_of
from rhivo.testing.claim_leaks.leaking_requests import Visitor, connected, leaks_of_requests

pytestmark = pytest.mark.django_db(transaction=True)
REQUESTS = 2000


def pooled(former: dict[str, Any]) -> dict[str, Any]:
    """Return settings as RHIVO_DB_POOL gives them, with a pool of four."""
    pool = {"min_size": 4, "max_size": 4, "timeout": 30}
    return {"CONN_MAX_AGE": 0, "OPTIONS": {**former["OPTIONS"], "pool": pool}}


def for_the_session(given: Claims) -> str:
    """Announce claims as is done elsewhere: for the session, and only those that are set."""
    calls = (f"set_config('{name}', '{value}', false)" for name, value in settings_of(given).items() if value)
    return f"SELECT {', '.join(calls)}"


@contextmanager
def never_taken_back(given: Claims) -> Iterator[Claims]:
    claims.assume(given)
    yield given


@pytest.mark.parametrize("threads", [4, 16])
def test_no_request_meets_the_claims_of_another_in_a_pool(threads: int, visitors: list[Visitor]) -> None:
    with connected(change=pooled):
        answered, leaks = leaks_of_requests(visitors, threads=threads, requests=REQUESTS)
    assert (answered, leaks) == (REQUESTS, [])


def test_no_request_meets_the_claims_of_another_on_a_connection_that_is_kept(visitors: list[Visitor]) -> None:
    answered, leaks = leaks_of_requests(visitors, threads=8, requests=REQUESTS)
    assert (answered, leaks) == (REQUESTS, [])


@pytest.mark.parametrize(
    ("name", "broken"),
    [("set_config_sql", for_the_session), ("acting_as", never_taken_back)],
    ids=["settings of the session", "claims that are not taken back"],
)
def test_these_requests_would_show(
    name: str, broken: Callable[..., Any], visitors: list[Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, name, broken)
    with connected(change=pooled):
        _, leaks = leaks_of_requests(visitors, threads=4, requests=240)
    assert len(leaks) > 10
