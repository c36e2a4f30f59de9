"""Hosts, paths, redirects, forged forms and sessions: what a browser is talked into."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from businesses.identity.invitations import invitation_token
from notifications.delivery import deliver_due
from rhivo.clock import now
from rhivo.testing.addresses import BUSINESS, INSTALLATION, addresses, filled, parameters
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.database import as_role
from rhivo.testing.factories import PASSWORD

pytestmark = pytest.mark.django_db
Door = Callable[..., Any]


# Hosts


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "localhost.evil.com",
        "evil.com:localhost",
        "localhost@evil.com",
        "localhost/evil",
        "localhost evil",
        "",
        "xn--lcalhost-8ya",
        "lоcalhost",
        "[::1",
        "shop_1.local",
        "169.254.169.254",
    ],
)
@pytest.mark.parametrize("path", ["/", "/admin/", "/api/v1/businesses/"])
def test_a_host_that_is_not_ours_is_a_bad_request(host: str, path: str, visit: Door) -> None:
    answer = visit(path, host)
    assert answer.status_code == 400
    assert answer["X-Frame-Options"] == "DENY"
    assert "evil" not in answer.text


def test_a_business_has_one_address_however_it_is_written(shop: Shop, visit: Door) -> None:
    sub = shop.business.subdomain
    for host in (f"{sub}.localhost", f"{sub.upper()}.LocalHost", f"{sub}.localhost.", f"{sub}.localhost:8000"):
        assert f"<h1>{shop.business.name}" in visit("/", host).text.replace("\n", "").replace("<h1> ", "<h1>"), host


@pytest.mark.parametrize(
    "host", ["a.b.localhost", "{sub}.{sub}.localhost", "www.{sub}.localhost", "no-such-shop.localhost"]
)
def test_below_the_domain_there_are_businesses_and_nothing_else(host: str, shop: Shop, visit: Door) -> None:
    sub = shop.business.subdomain
    assert visit("/", host.format(sub=sub)).status_code == 404
    assert visit("/admin/login/", host.format(sub=sub)).status_code == 404


def test_www_is_the_installation_itself(db: None, visit: Door) -> None:
    assert visit("/", "www.localhost").status_code == 200


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-HTTP-Host-Override"])
@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]], ids=["stranger", "proxy"])
def test_no_other_header_names_the_host(
    name: str, trusted: list[str], shop: Shop, other_shop: Shop, visit: Door, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = trusted
    other = f"{other_shop.business.subdomain}.localhost"
    answer = visit("/", f"{shop.business.subdomain}.localhost", headers={name: other})
    assert shop.business.name in answer.text
    assert other_shop.business.name not in answer.text
    page = visit(f"/b/{shop.business.subdomain}/my/", headers={name: "evil.com"})
    assert "evil.com" not in page["Location"]


def test_mails_lead_to_the_address_of_the_installation_whatever_the_host_was(
    shop: Shop, settings: Any, transactional_db: None
) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://rhivo.example", ["*"]
    hold = shop.hold(shop.at(), shop.service())
    client = Client(HTTP_HOST="localhost:666")
    body = {"reservation": str(hold.id), "name": "Gino", "email": f"{uuid4().hex}@example.com"}
    path = f"{shop.api}/appointments/"
    headers = {"Idempotency-Key": uuid4().hex, "X-Forwarded-Host": "evil.com"}
    assert client.post(path, body, content_type="application/json", headers=headers).status_code == 201
    _deliver()
    [sent] = [message for message in mail.outbox if message.to == [body["email"]]]
    links = re.findall(r"https?://[^\s\"'<>]+", str(sent.message()))
    assert {urlsplit(link).netloc for link in links if "w3.org" not in link} == {"rhivo.example"}


def _deliver() -> None:
    """Deliver all that waits, other tests' messages included: a round sends so many and no more."""
    with as_role("worker"):
        while deliver_due(at=now()):
            pass


# Paths and redirects


@pytest.mark.parametrize(
    "path",
    [
        "/static/../manage.py",
        "/static/..%2f..%2fmanage.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/static/....//....//etc/passwd",
        "/static/unfold/../../../rhivo/settings.py",
        "/b/..%2f..%2fadmin/",
        "/b/../admin/",
        "/b/%2e%2e/admin/",
        "/b//admin/",
        "/b/{sub}/../../admin/",
        "/b/{sub}%2f..%2f{other}/my/",
        "/b/{sub}%00/",
        "/b/{sub}/b/{other}/",
        "/%00",
        "/%ff%fe",
        "/admin/businesses/service/..%2f..%2f..%2fsettings/change/",
        "/api/v1/businesses/../appointments/",
        "/api/v1/businesses/{sub}%2f..%2f{other}/services/",
        "/invitation/..%2f..%2fadmin/",
    ],
)
def test_no_path_leads_out_of_where_it_belongs(path: str, shop: Shop, other_shop: Shop, visit: Door) -> None:
    other_shop.service("their-secret")
    answer = visit(path.format(sub=shop.business.subdomain, other=other_shop.business.subdomain))
    assert answer.status_code in (302, 400, 404, 410)
    if answer.status_code == 302:
        assert answer["Location"].startswith("/admin/login/?next=/admin/")
    for secret in ("root:", "SECRET_KEY", "their-secret", other_shop.business.name):
        assert secret not in answer.text


ELSEWHERE = [
    "//evil.com",
    "https://evil.com",
    "http:///evil.com",
    "https:evil.com",
    "\\\\evil.com",
    "/\\evil.com",
    "\t//evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "//localhost@evil.com",
    "http://localhost.evil.com",
    "http://[::1",
    "///evil.com",
    "http://localhost\u3002evil.com",
]


@pytest.mark.parametrize("onward", ELSEWHERE)
@pytest.mark.parametrize("path", ["/admin/login/", "/b/{sub}/log-in/"])
def test_a_log_in_leads_nowhere_else(path: str, onward: str, shop: Shop) -> None:
    path = path.format(sub=shop.business.subdomain)
    client = Client(HTTP_HOST="localhost")
    page = client.get(path, {"next": onward})
    sent = {"email": shop.owner.email, "username": shop.owner.email, "password": PASSWORD, "next": onward}
    answer = client.post(
        f"{path}?next={onward.strip()}", sent, headers={"HX-Request": "true", "HX-Current-URL": onward}
    )
    assert page.status_code == 200
    assert answer.status_code == 302
    leads = urlsplit(answer["Location"])
    assert (leads.scheme, leads.netloc) == ("", "")
    assert leads.path.startswith(("/admin/", f"/b/{shop.business.subdomain}/")), answer["Location"]
    assert not [name for name in answer.headers if name.startswith("HX-")]


@pytest.mark.parametrize("onward", ["home", "logout", "'", "admin:index", "./", "?next=//evil.com"])
def test_what_is_no_path_is_no_way_on_from_a_log_in(onward: str, shop: Shop) -> None:
    sent = {"email": shop.owner.email, "password": PASSWORD, "next": onward}
    answer = Client(HTTP_HOST="localhost").post(f"/b/{shop.business.subdomain}/log-in/", sent)
    assert answer["Location"] == f"/b/{shop.business.subdomain}/my/"


@pytest.mark.parametrize("path", ["//evil.com/%2e%2e", "//evil.com", "/\\evil.com", "//evil.com/admin"])
def test_a_path_like_another_host_is_no_redirect_to_it(path: str, visit: Door, shop: Shop) -> None:
    for host in ("localhost", f"{shop.business.subdomain}.localhost"):
        answer = visit(path, host)
        assert answer.status_code in (200, 301, 404)
        assert urlsplit(answer.headers.get("Location", "/")).netloc in ("", host)


# Forged requests


def forms() -> list[str]:
    known = addresses(INSTALLATION) | {f"/b/{{sub}}{path}" for path in addresses(BUSINESS) - addresses(INSTALLATION)}
    return sorted(path for path in known if not path.startswith("/api/"))


@pytest.mark.parametrize("path", forms())
def test_a_form_from_elsewhere_is_refused_by_every_page(path: str, shop: Shop) -> None:
    """Signed in, with the cookie but no token; with a token that is another's; and from a foreign origin."""
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.force_login(shop.owner)
    address = filled(path, dict.fromkeys(parameters(path), str(uuid4()))).replace("{sub}", shop.business.subdomain)
    client.cookies["csrf"] = "c" * 32
    for sent in ({}, {"csrfmiddlewaretoken": "d" * 32}):
        answer = client.post(address, sent)
        assert answer.status_code == 403 or address in ("/healthz", "/readyz"), answer.status_code
    answer = client.post(address, {"csrfmiddlewaretoken": "c" * 32}, headers={"Origin": "http://evil.com"})
    assert answer.status_code == 403 or address in ("/healthz", "/readyz")


@pytest.mark.parametrize(
    "path", ["/api/v1/appointments/", "/b/{sub}/api/v1/appointments/", "/api/v1/appointments/{id}/cancel/"]
)
def test_a_session_opens_nothing_of_the_api(path: str, shop: Shop) -> None:
    booked = shop.book(shop.at(), shop.service())
    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    client.force_login(shop.owner)
    address = path.format(sub=shop.business.subdomain, id=booked.id)
    for host in ("localhost", f"{shop.business.subdomain}.localhost"):
        for method in ("GET", "POST"):
            headers = {"If-Match": '"1"', "Idempotency-Key": "k" * 20}
            answer = client.generic(method, address, "{}", content_type="", HTTP_HOST=host, headers=headers)
            assert answer.status_code in (401, 404, 405)
            assert booked.reference not in answer.text


def test_a_token_opens_no_page(shop: Shop, visit: Door) -> None:
    token = Api().as_(shop.owner, role="owner", business_id=shop.business.id).token
    for path in ("/admin/", f"/b/{shop.business.subdomain}/my/"):
        assert visit(path, headers={"Authorization": f"Bearer {token}"}).status_code == 302


# Sessions


def session_of(client: Client) -> str:
    return client.cookies["session"].value


@pytest.mark.parametrize("path", ["/admin/login/", "/b/{sub}/log-in/"])
def test_a_session_planted_before_the_log_in_is_not_the_one_after(path: str, shop: Shop) -> None:
    planted = Client(HTTP_HOST="localhost")
    session = planted.session
    session["typed"] = {}
    session.save()
    before = session_of(planted)
    sent = {"email": shop.owner.email, "username": shop.owner.email, "password": PASSWORD}
    assert planted.post(path.format(sub=shop.business.subdomain), sent).status_code == 302
    assert session_of(planted) != before
    thief = Client(HTTP_HOST="localhost")
    thief.cookies["session"] = before
    assert thief.get("/admin/").status_code == 302


def test_a_log_out_kills_the_session_itself(shop: Shop) -> None:
    client, thief = Client(HTTP_HOST="localhost"), Client(HTTP_HOST="localhost")
    client.force_login(shop.owner)
    thief.cookies["session"] = session_of(client)
    assert thief.get("/admin/").status_code == 200
    client.post("/admin/logout/")
    assert thief.get("/admin/").status_code == 302


def test_a_new_password_ends_all_other_sessions_and_refresh_tokens(shop: Shop) -> None:
    here, there, api = Client(HTTP_HOST="localhost"), Client(HTTP_HOST="localhost"), Api()
    for client in (here, there):
        client.force_login(shop.owner)
    pair = answered(api.post("/api/v1/auth/token/", {"email": shop.owner.email, "password": PASSWORD}))
    new = "quite-another-1234"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", sent).status_code == 302
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").status_code == 302
    refused(api.post("/api/v1/auth/token/refresh/", {"refresh": pair["refresh"]}), 401, "NOT_AUTHENTICATED")


def test_an_invitation_works_once(shop: Shop) -> None:
    path = f"/invitation/{invitation_token(shop.owner)}/"
    sent = {"new_password1": "quite-another-1234", "new_password2": "quite-another-1234"}
    client = Client(HTTP_HOST="localhost")
    page = client.get(path)
    assert page["Cache-Control"].endswith("no-store, must-revalidate, private")
    assert page["Referrer-Policy"] == "same-origin"
    assert client.post(path, sent).status_code == 200
    assert client.post(path, sent).status_code == 410
