"""Requests that no person would send: never a 5xx, a problem for every refusal, and nothing that is not documented."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api
from rhivo.testing.clients.http_client import PROBLEM_FIELDS

pytestmark = pytest.mark.django_db
VERBS = ("get", "post", "delete", "put", "patch")
WORDS = ["cut", "anna", "unavailable", "2030-01-01", "9999-12-31", "0001-01-01", "2030-01-01T10:00:00Z", "confirmed"]
TEXTS = some.one_of(some.sampled_from(WORDS), some.text(max_size=20), some.uuids().map(str))
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.floats(allow_nan=False), TEXTS),
    lambda inner: some.one_of(some.lists(inner, max_size=3), some.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
NAMES = some.sampled_from(
    [
        *("service", "staff", "start", "from", "to", "include", "reservation", "name", "email", "phone", "notes"),
        *("answers", "customer", "override", "reason", "status", "cursor", "page_size", "q", "password", "refresh"),
        *("cancellation_token", "end"),
    ]
)
HEADERS = some.fixed_dictionaries(
    {},
    optional={
        "Idempotency-Key": some.sampled_from(["a-good-key-of-mine", "x", "é", "k" * 200]),
        "If-Match": some.sampled_from(['"1"', '"999999999999999999"', "*", "1", 'W/"1"']),
        "Accept": some.sampled_from(["text/html", "*/*", "application/xml"]),
        "Authorization": some.sampled_from(["Bearer x", "Basic eDp4", "Bearer", "Bearer a.b.c"]),
    },
)


@pytest.fixture
def paths(shop: Shop) -> dict[str, str]:
    """Return a real path for every template of the document."""
    shop.service(staff=["anna"])
    booked = shop.book(shop.at())
    document = Api().get("/api/v1/schema/").json()
    filled = {"subdomain": shop.business.subdomain, "appointment_id": booked.id, "reservation_id": uuid4()}
    templates = [path for path in document["paths"] if "schema" not in path and "docs" not in path]
    return {template: template.format(**filled) for template in templates}


def is_documented(document: dict[str, Any], template: str, verb: str, status: int) -> bool:
    """Tell whether the document knows a status; of a verb that it does not know, a refusal is all that may come."""
    known = document["paths"][template].get(verb)
    return status >= 400 if known is None else str(status) in known["responses"] or status == 415


def test_no_request_breaks_the_api_or_gets_what_is_not_documented(shop: Shop, paths: dict[str, str]) -> None:
    document = Api().get("/api/v1/schema/").json()
    tokens = [
        "",
        Api().as_(shop.employee, role="staff", business_id=shop.business.id).token,
        Api().as_(shop.customer).token,
    ]

    @settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        template=some.sampled_from(sorted(paths)),
        verb=some.sampled_from(VERBS),
        query=some.dictionaries(NAMES, TEXTS, max_size=4),
        body=some.one_of(some.dictionaries(NAMES, VALUES, max_size=5), VALUES),
        token=some.sampled_from(tokens),
        headers=HEADERS,
    )
    def attack(template: str, verb: str, query: dict[str, str], body: Any, token: str, headers: dict[str, str]) -> None:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        response: Any = Api().client.generic(
            verb.upper(),
            paths[template],
            b"" if verb == "get" else json.dumps(body).encode(),
            "application/json",
            headers=bearer | headers,
            query_params={name: value.encode("utf-8", "replace").decode() for name, value in query.items()},
        )
        assert response.status_code < 500, response.content
        assert is_documented(document, template, verb, response.status_code), (verb, template, response.content)
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json"
            assert set(response.json()) >= PROBLEM_FIELDS

    attack()
