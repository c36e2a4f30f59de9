"""SQL where a word belongs, and fields that are nobody's to set: never a 500, never another answer, nothing written."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from bookings.models import Appointment
from rhivo.claims import acting_as
from rhivo.testing.addresses import BUSINESS, INSTALLATION, addresses, filled, parameters
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.factories import PASSWORD

pytestmark = pytest.mark.django_db

INJECTIONS = [
    "'",
    "' OR '1'='1",
    "'; DROP TABLE appointments; --",
    "' UNION SELECT email, password FROM users --",
    "1) OR 1=1 --",
    "$$; SELECT pg_sleep(9); $$",
    "\\'; SELECT 1 --",
    "%' OR name LIKE '%",
    "'||(SELECT set_config('rhivo.role','owner',true))||'",
    "{{7*7}}",
    "\u0000",
    "a\u0000' OR 1=1",
    "\ud800",
    "\u2028\u202e",
    "9" * 400,
    "-1",
    "1e309",
    "../../etc/passwd",
    "x" * 3000,
]
TABLES = (
    "appointments",
    "reservations",
    "services",
    "staff",
    "users",
    "businesses",
    "memberships",
    "categories",
    "availability",
)
# What the database says to whoever gets through, and Django to whoever breaks it.
LEAKS = ("syntax error", "psycopg", "traceback", 'select "', "argon2$", "md5$", 'relation "', "pg_sleep")


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rhivo.business_id', '', true)")
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


_turns = cycle(INJECTIONS)


def some_of_them(count: int = 4) -> list[str]:
    """Return the next few, in turns: all of them come to many parameters."""
    return list(islice(_turns, count))


def check(answer: Any, *where: Any) -> None:
    assert answer.status_code < 500, (where, answer.content[:300])
    sent = [item.lower() for item in where if isinstance(item, str)]
    told = answer.text.lower()
    for leak in LEAKS:
        assert leak not in told or any(leak in item for item in sent) or "/schema" in where[0], (where, leak)


def safe(text: str) -> str:
    """Return what a client can put into an address or header."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


# The API, generated over its document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield path, verb, operation


def example(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body with every field that a schema knows, each with something of its kind."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds: dict[str, Any] = {"string": "x", "integer": 1, "boolean": True, "array": [], "object": {}}
    return {
        name: example(document, field) if "$ref" in field else kinds.get(field.get("type", ""), "x")
        for name, field in schema.get("properties", {}).items()
    }


@pytest.mark.parametrize("visitor", ["nobody", "owner"])
def test_no_parameter_of_the_api_reaches_sql(visitor: str, shop: Shop) -> None:
    shop.book(shop.at(), shop.service())
    document = answered(Api().get("/api/v1/schema/"))
    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    token = {
        "nobody": "",
        "owner": Api().as_(shop.owner, role="owner", business_id=shop.business.id).token,
    }[visitor]
    usual = {"Idempotency-Key": "k" * 20, "If-Match": '"1"'} | ({"Authorization": f"Bearer {token}"} if token else {})
    before = rows()
    for path, verb, operation in operations(document):
        names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        in_path = {each["name"]: str(uuid4()) for each in operation.get("parameters", []) if each["in"] == "path"}
        if "subdomain" in in_path:
            in_path["subdomain"] = shop.business.subdomain
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = example(document, content.get("schema", {}))
        address = path.format(**in_path)
        for name in [*names, "unknown"]:
            for nasty in some_of_them():
                query = {name: safe(nasty)}
                check(client.generic(verb.upper(), address, headers=usual, query_params=query), address, nasty)
        for name in in_path:
            for nasty in some_of_them():
                odd = path.format(**in_path | {name: "\x01"}).replace("%", "%25")
                said = safe(nasty).replace("%", "%25").replace("?", "%3F")
                check(client.generic(verb.upper(), odd.replace("\x01", said), headers=usual), address, nasty)
        for name in body:
            for nasty in some_of_them():
                check(send(client, verb, address, body | {name: nasty}, usual), path, nasty)
                check(send(client, verb, address, body | {name: {"$gt": nasty}}, usual), path, nasty)
        for name in ("Authorization", "Idempotency-Key", "If-Match", "X-Request-ID", "Accept", "Cookie"):
            for nasty in some_of_them():
                said = f"Bearer {safe(nasty)}" if name == "Authorization" else safe(nasty)
                check(send(client, verb, address, body, usual | {name: said}), path, nasty)
    assert rows() == before


def send(client: Client, verb: str, path: str, body: Any, headers: dict[str, str]) -> Any:
    if verb == "get":
        return client.get(path, headers=headers)
    return client.generic(verb.upper(), path, json.dumps(body), content_type="application/json", headers=headers)


def test_a_cursor_is_no_way_in(shop: Shop) -> None:
    api = Api().as_(shop.owner, role="owner", business_id=shop.business.id)
    odd: list[Any] = [
        [False, "' OR 1=1", str(uuid4())],
        [False, "2030-01-01", "'--"],
        ["x"],
        [],
        {},
        [False, None, None],
        [False, "\x00", "\x00"],
    ]
    for values in odd:
        cursor = urlsafe_b64encode(json.dumps(values).encode()).decode()
        refused(api.get("/api/v1/appointments/", cursor=cursor), 400, "MALFORMED")


# Pages, their queries and their forms


PAGES = [
    *sorted(addresses(INSTALLATION) | {f"/b/{{sub}}{path}" for path in addresses(BUSINESS) - addresses(INSTALLATION)})
]
QUERY = ("q", "o", "p", "all", "when", "_facets", "status__exact", "staff__id__exact", "_changelist_filters", "_to_field",
         "_popup", "e", "day", "with", "next", "term", "app_label", "model_name", "field_name", "unknown__field")  # fmt: skip
FIELDS = ("name", "email", "username", "phone", "password", "start", "nonce", "version", "reason", "notes", "next", "service",
          "staff", "day", "clock", "take", "key", "action", "index", "select_across", "_selected_action", "slug", "position",
          "price_cents", "opens", "weekday", "first_date", "questions", "business", "new_password1", "old_password",
          "assignments-TOTAL_FORMS", "assignments-0-staff", "answers.allergies")  # fmt: skip


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith(("/api/", "/healthz", "/readyz"))])
def test_no_field_of_a_page_reaches_sql(path: str, shop: Shop) -> None:
    booked = shop.book(shop.at(), shop.service())
    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    client.force_login(shop.owner)
    found = {"object_id": str(booked.id), "appointment_id": str(booked.id), "service": "cut", "staff": "anyone"}
    ids = {name: found.get(name, str(uuid4())) for name in parameters(path)}
    address = filled(path, ids).replace("{sub}", shop.business.subdomain)
    before = rows()
    leaves_alone = address.endswith(("/logout/", "/log-out/", "/cancel/"))
    for nasty in some_of_them():
        check(client.get(address, {name: safe(nasty) for name in QUERY}), address, nasty)
        check(client.get(address, {"q": safe(nasty)}), address, nasty)
        if not leaves_alone:
            check(client.post(address, {name: safe(nasty) for name in FIELDS}), address, nasty)
        for name in parameters(path):
            odd = filled(path, ids | {name: "\x01"}).replace("{sub}", shop.business.subdomain)
            check(client.get(odd.replace("\x01", safe(nasty).replace("%", "%25").replace("?", "%3F"))), odd, nasty)
    after = rows()
    assert {table: after[table] for table in TABLES} == before


# Fields that are nobody's to set


FORBIDDEN = {
    "end": "2030-01-01T23:00:00Z",
    "ends_at": "2030-01-01T23:00:00Z",
    "price_cents": 1,
    "duration_minutes": 5,
    "status": "completed",
    "business": "other",
    "business_id": str(uuid4()),
    "customer_id": str(uuid4()),
    "version": 7,
    "reference": "RHV-AAA-AAA",
    "is_staff": True,
    "role": "owner",
    "visitor": "",
    "expires_at": "2099-01-01T00:00:00Z",
    "cancellation_token": "mine",
    "overrides": ["hours"],
    "created_at": "2000-01-01T00:00:00Z",
    "id": str(uuid4()),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_the_server_decides_cannot_be_sent_to_the_api(name: str, shop: Shop) -> None:
    shop.service()
    hold = shop.hold(shop.at("12:00"))
    booked = shop.book(shop.at())
    staff = Api().as_(shop.employee, role="staff", business_id=shop.business.id)
    forged = {name: FORBIDDEN[name]}
    start = shop.at("15:00").isoformat()
    for api, path, body in (
        (Api(), f"{shop.api}/reservations/", {"service": "cut", "start": start}),
        (Api(), f"{shop.api}/appointments/", {"reservation": str(hold.id), "name": "G", "email": "g@example.com"}),
        (staff, "/api/v1/appointments/", {"service": "cut", "start": start, "customer": {"name": "Gino"}}),
        (staff, f"/api/v1/appointments/{booked.id}/reschedule/", {"start": start}),
        (staff, f"/api/v1/appointments/{booked.id}/cancel/", {}),
        (Api(), "/api/v1/auth/token/", {"email": shop.owner.email, "password": PASSWORD}),
    ):
        if path.endswith("token/") and name == "business":
            continue
        problem = refused(api.post(path, body | forged, version=1), 400, "MALFORMED")
        assert name in problem["errors"]
    with acting_as(shop.employees):
        assert Appointment.objects.get(pk=booked.pk).version == 1


def test_what_the_server_decides_is_ignored_in_the_customers_forms(shop: Shop) -> None:
    shop.service()
    client = Client(HTTP_HOST="localhost")
    page = f"/b/{shop.business.subdomain}/book/cut/anyone/"
    forged = {name: str(value) for name, value in FORBIDDEN.items()}
    held = client.post(page, forged | {"start": shop.at().isoformat(), "nonce": "n" * 20})
    booked = client.post(held["Location"], forged | {"name": "Gino", "email": "gino@example.com", "phone": ""})
    assert "/manage/" in booked["Location"]
    with acting_as(shop.employees):
        [made] = Appointment.objects.filter(business=shop.business)
    assert (made.price_cents, made.status, made.version, made.overrides) == (2500, "confirmed", 1, [])
    assert (made.ends_at - made.starts_at).seconds == 30 * 60
    assert made.customer_id is None
    assert made.reference != FORBIDDEN["reference"]
