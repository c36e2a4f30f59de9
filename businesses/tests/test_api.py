"""The contract of directory, catalogue and log-in over HTTP, and the document that describes it all."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from businesses.identity.access_tokens import issue_pair
from businesses.models import Membership, User
from rhivo.clock import now
from rhivo.testing.builder import Shop, make_user
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.database import as_role, raw
from rhivo.testing.factories import PASSWORD, CategoryFactory, unique

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api()


def log_in(api: Api, user: User, **fields: Any) -> Any:
    return api.post("/api/v1/auth/token/", {"email": user.email, "password": PASSWORD} | fields)


def said_by(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, django_settings.JWT_SECRET, algorithms=["HS256"]))


# Directory and catalogue


def test_the_directory_finds_listed_businesses_by_words(shops: Callable[..., Shop], api: Api) -> None:
    word = unique("zebra")
    for number in range(3):
        shops(name=f"Salon {word} {number}")
    shops(name=f"Hidden {word}", is_listed=False)
    shops(name=f"Closed {word}", is_active=False)
    found = answered(api.get("/api/v1/businesses/", q=f"{word} SALON"))
    assert [item["name"] for item in found["results"]] == [f"Salon {word} {n}" for n in range(3)]
    assert set(found) == {"next", "previous", "results"}
    assert answered(api.get("/api/v1/businesses", q=word))["results"] == found["results"]
    page = answered(api.get("/api/v1/businesses/", q=word, page_size=2))
    rest = answered(api.get(page["next"]))
    assert [*page["results"], *rest["results"]] == found["results"]


@pytest.mark.parametrize("query", [{"q": "a\0"}, {"q": "x" * 101}, {"page_size": "0"}, {"page_size": "x"}, {"w": "1"}])
def test_a_directory_query_that_cannot_be_read_is_malformed(query: dict[str, str], api: Api) -> None:
    assert list(refused(api.get("/api/v1/businesses/", **query), 400, "MALFORMED")["errors"]) == list(query)


def test_a_business_tells_what_a_booking_form_needs(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(tagline="Cuts", phone="+39061234567", hold_minutes=15)
    body = answered(api.get(f"{shop.api}/"))
    assert answered(api.get(shop.api)) == body
    assert answered(api.get(f"/api/v1/businesses/{shop.business.subdomain.upper()}/")) == body
    assert (body["timezone"], body["currency"], body["locale"]) == ("Europe/Rome", "EUR", "en")
    assert body["contact"]["phone"] == "+39061234567"
    assert body["branding"]["tagline"] == "Cuts"
    assert body["booking"]["hold_minutes"] == 15
    assert body["policy"] == {
        "cancellation": True,
        "cancellation_deadline_hours": 24,
        "rescheduling": True,
        "reschedule_deadline_hours": 24,
    }
    assert body["requirements"] == {"email": True, "phone": False, "questions": []}


def test_services_stand_under_their_categories_and_those_without_last(shop: Shop, api: Api) -> None:
    with shop.changes():
        hair = CategoryFactory.create(business=shop.business, name="Hair", position=2)
        nails = CategoryFactory.create(business=shop.business, name="Nails", position=1)
    shop.service("cut", category=hair, staff=["anna"])
    shop.service("polish", category=nails)
    shop.service("talk")
    shop.service("gone", category=nails, is_active=False)
    body = answered(api.get(f"{shop.api}/services/"))
    shown = [(heading["name"], [item["slug"] for item in heading["services"]]) for heading in body["categories"]]
    assert shown == [("Nails", ["polish"]), ("Hair", ["cut"]), (None, ["talk"])]
    cut = body["categories"][1]["services"][0]
    assert (cut["price_cents"], cut["currency"], cut["slot_interval_minutes"]) == (2500, "EUR", 30)
    assert cut["staff"] == [{"id": str(shop.person("anna").id), "slug": "anna", "name": "Anna"}]
    assert answered(api.get(f"{shop.api}/services")) == body


def test_bookable_people_are_listed_without_their_accounts(shop: Shop, other_shop: Shop, api: Api) -> None:
    shop.service(staff=["anna"])
    other_shop.person("zoe")
    people = answered(api.get(f"{shop.api}/staff"))["staff"]
    assert people == answered(api.get(f"{shop.api}/staff/"))["staff"]
    assert people == [
        {"id": str(shop.person("anna").id), "slug": "anna", "name": "Anna", "title": "", "services": ["cut"]}
    ]


def test_the_catalogue_takes_as_many_queries_for_many_services_as_for_one(
    shop: Shop, api: Api, django_assert_max_num_queries: Any
) -> None:
    for n in range(6):
        shop.service(f"service-{n}", staff=["anna", "bob"])
    with django_assert_max_num_queries(8):
        answered(api.get(f"{shop.api}/services/"))
    with django_assert_max_num_queries(8):
        answered(api.get(f"{shop.api}/staff/"))


# Logging in


def test_a_person_logs_in_where_they_work_and_a_customer_anywhere(shop: Shop, other_shop: Shop, api: Api) -> None:
    said = said_by(answered(log_in(api, shop.owner))["access"])
    assert (said["user_id"], said["business_id"], said["role"]) == (str(shop.owner.id), str(shop.business.id), "owner")
    said = said_by(answered(log_in(api, shop.employee, business=shop.business.subdomain))["access"])
    assert (said["business_id"], said["role"]) == (str(shop.business.id), "staff")
    said = said_by(answered(log_in(api, shop.customer))["access"])
    assert (said["business_id"], said["role"]) == (None, "customer")
    said = said_by(answered(log_in(api, shop.owner, business=other_shop.business.subdomain))["access"])
    assert (said["business_id"], said["role"]) == (str(other_shop.business.id), "customer")


def test_an_access_token_lives_a_quarter_of_an_hour_and_a_refresh_token_a_month(shop: Shop, api: Api) -> None:
    pair = answered(log_in(api, shop.customer))
    access, refresh = said_by(pair["access"]), said_by(pair["refresh"])
    assert access["exp"] - access["iat"] == 15 * 60
    assert refresh["exp"] - refresh["iat"] == 30 * 24 * 3600


def test_emails_are_taken_in_any_case_and_passwords_as_they_are(shop: Shop, api: Api) -> None:
    answered(log_in(api, shop.customer, email=f" {shop.customer.email.upper()}"))
    refused(log_in(api, shop.customer, password=f" {PASSWORD}"), 401, "NOT_AUTHENTICATED")


def test_a_wrong_email_and_a_wrong_password_are_told_alike(shop: Shop, api: Api) -> None:
    wrong = [
        refused(log_in(api, shop.customer, **fields), 401, "NOT_AUTHENTICATED")
        for fields in ({"password": "x"}, {"email": "nobody@example.com"}, {"email": "'; --"}, {"email": "%"})
    ]
    assert all(body == wrong[0] for body in wrong)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": None}, "email"),
        ({"email": ["a"]}, "email"),
        ({"email": "a\0b"}, "email"),
        ({"password": ""}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"business": "x" * 64}, "business"),
        ({"role": "owner"}, "role"),
    ],
)
def test_a_log_in_that_cannot_be_read_is_malformed(fields: dict[str, Any], field: str, shop: Shop, api: Api) -> None:
    assert list(refused(log_in(api, shop.customer, **fields), 400, "MALFORMED")["errors"]) == [field]


def test_a_log_in_for_no_such_business_is_not_found(shop: Shop, api: Api) -> None:
    for business in ("nobody-here", "-", "a'b"):
        refused(log_in(api, shop.customer, business=business), 404, "NOT_FOUND")


def test_an_unverified_email_does_not_log_in(api: Api) -> None:
    with as_role("worker"):
        user = User.objects.create_user(f"{unique('new')}@example.com", PASSWORD, name="New")
    refused(log_in(api, user), 403, "EMAIL_NOT_VERIFIED")
    refused(log_in(api, user, password="wrong"), 401, "NOT_AUTHENTICATED")


def test_a_disabled_person_does_not_log_in(api: Api) -> None:
    user = make_user("zed")
    with raw("owner") as owner:
        owner.execute("UPDATE users SET is_active = false WHERE id = %s", [user.id])
    refused(log_in(api, user), 401, "NOT_AUTHENTICATED")


# Tokens


def test_a_refresh_gives_the_role_of_this_moment(shop: Shop, api: Api) -> None:
    pair = answered(log_in(api, shop.employee))
    with shop.changes():
        Membership.objects.filter(business=shop.business, user=shop.employee).delete()
    fresh = answered(api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]}))
    assert said_by(fresh["access"])["role"] == "customer"


def test_a_refresh_token_dies_with_the_password_and_with_the_person(shop: Shop, api: Api) -> None:
    pair = answered(log_in(api, shop.customer))
    for change in ("password = 'md5$x$x'", "is_active = false"):
        with raw("owner") as owner:
            owner.execute(f"UPDATE users SET {change} WHERE id = %s", [shop.customer.id])
        refused(api.post("/api/v1/auth/token/refresh/", {"refresh": pair["refresh"]}), 401, "NOT_AUTHENTICATED")


def test_a_token_of_one_kind_is_no_token_of_the_other(shop: Shop, api: Api) -> None:
    pair = answered(log_in(api, shop.customer))
    refused(api.with_token(pair["refresh"]).get("/api/v1/appointments/"), 401, "NOT_AUTHENTICATED")
    refused(api.post("/api/v1/auth/token/refresh/", {"refresh": pair["access"]}), 401, "NOT_AUTHENTICATED")


def test_an_expired_token_says_so(shop: Shop, api: Api) -> None:
    old = issue_pair(shop.customer, business_id=None, role="customer", at=now() - timedelta(minutes=15, seconds=1))
    refused(api.with_token(old["access"]).get("/api/v1/appointments/"), 401, "TOKEN_EXPIRED")
    older = issue_pair(shop.customer, business_id=None, role="customer", at=now() - timedelta(days=31))
    refused(api.post("/api/v1/auth/token/refresh/", {"refresh": older["refresh"]}), 401, "TOKEN_EXPIRED")


# What must be a text and is none.
TEXT_CLAIMS = ("user_id", "business_id", "role", "cancellation_token", "jti", "token_type")
NO_TEXTS: tuple[Any, ...] = (1, 10**40, 1.5, True, ["a"] * 64, {"a": 1}, [str(uuid4())])


def head_of_a_token(head: str) -> str:
    """Return a token without a valid signature: its head is read before anybody knows that."""
    return ".".join([urlsafe_b64encode(head.encode()).decode().rstrip("="), "e30", "eA"])


def forged(**changes: Any) -> str:
    said = {"user_id": str(uuid4()), "role": "owner", "token_type": "access", "jti": "x", "exp": 9_999_999_999}
    payload = json.dumps(said | changes).encode()  # jwt.encode would not sign some of it
    return jwt.PyJWS().encode(payload, django_settings.JWT_SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        *("x", "a.b.c", "é.é.é", "x" * 9000),
        jwt.encode({"exp": 9_999_999_999, "token_type": "access", "jti": "x"}, "another secret of thirty-two bytes!"),
        jwt.encode({"exp": 9_999_999_999, "token_type": "access", "jti": "x"}, None, algorithm="none"),
        forged(user_id="x"),
        forged(business_id="x"),
        forged(cancellation_token="x"),
        forged(cancellation_token="'" * 64),
        forged(jti=None),
        forged(),
        *(forged(**{claim: value}) for claim in TEXT_CLAIMS for value in NO_TEXTS),
        *(forged(role=role) for role in ("admin", "OWNER", "x" * 5000)),
        *(forged(user_id=value) for value in ("0" * 31, "0" * 33, "x" * 5000, "\ud800", "\0")),
        *(forged(exp=exp) for exp in ("soon", ["x"], {"x": 1}, None)),
        forged(iss=1),
        forged(iat="x"),
        forged(aud=["x"]),
        head_of_a_token("[" * 2500),
        head_of_a_token('{"alg": "HS256", "x": ' + "[" * 2500),
        head_of_a_token('{"alg": ["HS256"], "typ": 1}'),
        head_of_a_token('{"alg": "HS256", "crit": ["x"], "kid": 1}'),
    ],
)
def test_a_token_that_is_none_is_refused_also_where_none_is_needed(token: str, shop: Shop, api: Api) -> None:
    for path in ("/api/v1/appointments/", f"{shop.api}/", f"{shop.api}/services/"):
        refused(api.with_token(token).get(path), 401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize(
    "changes",
    [
        *({claim: value} for claim in ("user_id", "business_id", "role", "password_mark") for value in NO_TEXTS),
        *({claim: None} for claim in ("user_id", "password_mark", "jti", "exp")),
        {},
    ],
)
def test_a_refresh_token_that_is_none_is_refused(changes: dict[str, Any], shop: Shop, api: Api) -> None:
    token = forged(**{"token_type": "refresh", "user_id": str(shop.customer.id)} | changes)
    refused(api.post("/api/v1/auth/token/refresh/", {"refresh": token}), 401, "NOT_AUTHENTICATED")


def test_log_ins_are_counted_by_address_and_by_account(shop: Shop, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    api, statuses = Api(), []
    for n in range(45):
        response = api.client.post(
            "/api/v1/auth/token/",
            {"email": shop.customer.email, "password": "wrong"},
            content_type="application/json",
            REMOTE_ADDR=f"10.0.{n}.1",
        )
        statuses.append(response.status_code)
    assert set(statuses) == {401, 429}
    refused(response, 429, "THROTTLED")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    other = api.client.post(
        "/api/v1/auth/token/",
        {"email": shop.owner.email, "password": PASSWORD},
        content_type="application/json",
        REMOTE_ADDR="10.1.1.1",
    )
    answered(other)


# The document


def test_the_openapi_document_is_valid_and_made_without_warnings(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    assert (tmp_path / "schema.yml").stat().st_size > 10_000


def test_the_document_is_served_and_browsable(api: Api, db: None) -> None:
    document = answered(api.get("/api/v1/schema/"))
    assert document["openapi"].startswith("3.")
    assert api.get("/api/v1/docs/").status_code == 200
