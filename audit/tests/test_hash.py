"""The hash in SQL and the hash that anyone can recompute agree on whatever an entry may hold."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.chain.entries import entries_in_chains
from audit.chain.verify import hash_of
from audit.tests.histories import entries, export, script
from audit.verify_export import FIELDS, canonical
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, raw
from rhivo.testing.real_servers.web_server import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**300, -(2**64), 1e-7])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5), max_leaves=20
)
WRITTEN_AS = [
    "1.0",
    "1.50",
    "1e5",
    "-1E-3",
    "0.10e2",
    "-0",
    "-0.0",
    "12345678901234567890.123456789",
    '"\\u00e9\\u0001\\/"',
]


def of_jsonb(connection: "psycopg.Connection[Any]", text: str) -> str:
    row = connection.execute("SELECT %s::jsonb::text", [text]).fetchone()
    assert row is not None
    return str(row[0])


def recomputed(stored: str) -> str:
    return canonical(json.loads(stored, parse_int=Decimal, parse_float=Decimal))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
def test_the_canonical_text_of_any_json_is_that_of_the_database(app: "psycopg.Connection[Any]", value: Any) -> None:
    stored = of_jsonb(app, json.dumps(value))
    assert recomputed(stored) == stored


@pytest.mark.parametrize("text", WRITTEN_AS)
def test_a_number_keeps_its_digits_however_it_was_written(app: "psycopg.Connection[Any]", text: str) -> None:
    stored = of_jsonb(app, f"[{text}]")
    assert recomputed(stored) == stored


@pytest.fixture
def app(django_db_setup: None) -> Any:
    with raw("app") as connection:
        yield connection


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.none() | JSON, after=JSON, reason=TEXTS, minutes=st.integers(-(10**6), 10**6), zone=st.integers(-12, 14)
)
def test_the_hash_of_any_entry_is_what_the_recipe_gives(
    app: "psycopg.Connection[Any]", before: Any, after: Any, reason: str, minutes: int, zone: int
) -> None:
    at = datetime(2027, 3, 28, 1, 0, 0, 50, tzinfo=timezone(timedelta(hours=zone))) + timedelta(minutes=minutes)
    values = [7, str(uuid4()), "service", str(uuid4()), "changed", "user", "someone", "owner", reason, "r-1"]
    row = app.execute(
        "SELECT history_hash(jsonb_populate_record(NULL::audit_logs, %s))",
        [
            json.dumps(
                dict(zip(FIELDS, [*values, before, after, at.isoformat()], strict=True)) | {"previous_hash": "ab"}
            )
        ],
    ).fetchone()
    assert row is not None
    said = [*values, before, after, at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")]
    stored = of_jsonb(app, json.dumps(said))
    assert hashlib.sha256(("ab" + recomputed(stored)).encode()).hexdigest() == row[0]


def test_the_worked_recipe_of_the_docs_is_right() -> None:
    """By hand, by the function that the script has, and by its own words."""
    page = (CHECKOUT / "docs" / "history.md").read_text()
    found = re.search(r"printf %s '([0-9a-f]{64})(.*)' \| sha256sum\n([0-9a-f]{64})  -\n", page)
    assert found
    previous, text, digest = found.groups()
    assert hashlib.sha256((previous + text).encode()).hexdigest() == digest
    assert recomputed(text) == text
    assert f"`{', '.join(FIELDS)}`" in page


def test_the_recipe_gives_the_hashes_of_real_entries(shop: Shop) -> None:
    service = shop.service(name='Cut "é" 💇 \\ \x01', description="tab\tline\n", staff=["anna"])
    shop.book_by_staff(shop.at(), service, notes="ünï\u2028\x7f")
    with as_role("worker"):
        read = list(entries_in_chains(shop.business.id, 0))
    assert len(read) == len(entries(shop.business.id)) > 10
    assert [entry.id for entry, _ in read if hash_of(shop.business.id, entry) != entry.hash] == []
    code, said = script(export(shop))
    assert code == 0, said
