"""What every answer tells a browser, what a log is not told, and what production adds."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from businesses.backoffice.admin_site import BackOffice
from rhivo.testing.builder import Shop
from rhivo.testing.real_servers.web_server import CHECKOUT
from rhivo.tests.test_production_start import collect

pytestmark = pytest.mark.django_db
Door = Callable[..., Any]


# Headers


def pages_of_all_kinds(shop: Shop) -> dict[str, int]:
    return {
        "/": 200,
        "/nothing/": 404,
        "/admin/": 302,
        "/admin/login/": 200,
        "/api/v1/docs/": 200,
        "/api/v1/schema/": 200,
        "/api/v1/businesses/": 200,
        "/api/v1/nothing/": 404,
        "/api/v1/appointments/": 401,
        "/healthz": 200,
        "/static/rhivo.css": 200,
        "/static/nothing.css": 404,
        f"/b/{shop.business.subdomain}/": 200,
        f"/b/{shop.business.subdomain}/theme.css": 200,
        "/b/no-such-shop/": 404,
        "/" + "x" * 5000: 414,
    }


def test_every_answer_says_what_a_browser_must_not_do(shop: Shop, visit: Door) -> None:
    for path, status in pages_of_all_kinds(shop).items():
        answer = visit(path)
        assert answer.status_code == status, path
        told = answer.headers
        assert told["X-Frame-Options"] == "DENY", path
        assert told["X-Content-Type-Options"] == "nosniff", path
        assert told["Referrer-Policy"] == "same-origin", path
        assert told["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in told["Content-Security-Policy"], path
        assert "unsafe" not in told["Content-Security-Policy"], path
        assert "Access-Control-Allow-Origin" not in told or path.startswith("/static/"), path
        for close in answer._resource_closers:
            close()


def test_nothing_private_is_kept_by_anyone(shop: Shop, visit: Door) -> None:
    for path in pages_of_all_kinds(shop):
        if path not in ("/static/rhivo.css", f"/b/{shop.business.subdomain}/theme.css"):
            assert "no-store" in visit(path)["Cache-Control"], path
    client = Client(HTTP_HOST="localhost")
    client.force_login(shop.owner)
    for path in ("/admin/", "/admin/bookings/appointment/", "/admin/jsi18n/", f"/b/{shop.business.subdomain}/my/"):
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"], path
        assert "Cookie" in answer["Vary"], path


def test_what_goes_wrong_says_it_too(shop: Shop, monkeypatch: pytest.MonkeyPatch, visit: Door) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("businesses.views.render", broken)
    answer = visit("/")
    assert answer.status_code == 500
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/b/{sub}/manage/{key}/",
        "/b/{sub}/hold/{key}/",
        "/invitation/{key}/",
        "/api/v1/businesses/{sub}/reservations/{key}/",
    ],
)
def test_no_key_is_written_into_the_log(path: str, shop: Shop, visit: Door) -> None:
    [console] = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    written, key = io.StringIO(), str(uuid4())
    former = console.setStream(written)
    try:
        assert visit(path.format(sub=shop.business.subdomain, key=key)).status_code in (404, 410)
    finally:
        console.setStream(former)
    assert key not in written.getvalue()
    assert "/…" in written.getvalue()


# Production


SAFE = {
    "RHIVO_ENV": "production",
    "BASE_DOMAIN": "rhivo.example",
    "SECRET_KEY": uuid4().hex * 2,
    "JWT_SECRET": uuid4().hex * 2,
    "TRUSTED_PROXIES": "127.0.0.1",
    "EMAIL_URL": "smtp://127.0.0.1:1",
}
SHOW = """
import json, django
from django.conf import settings
django.setup()
from django.test import Client
from django.urls import set_script_prefix
names = [name for name in dir(settings) if name.startswith(("SESSION_COOKIE", "CSRF_COOKIE", "SECURE_"))]
said = {name: getattr(settings, name) for name in names}
over_tls = {"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "127.0.0.1"}
said["plain"] = [Client(HTTP_HOST="rhivo.example", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_PROTO="https").get("/healthz").status_code]
answer = Client(HTTP_HOST="rhivo.example", **over_tls).get("/healthz")
said["tls"] = [answer.status_code, answer.headers.get("Strict-Transport-Security")]
print(json.dumps(said, default=str))
"""


def in_production(*command: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RHIVO")} | SAFE | changed
    environment["DJANGO_SETTINGS_MODULE"] = "rhivo.settings"
    return subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_deployment_checks_have_nothing_to_say(tmp_path: Path) -> None:
    collect(tmp_path)
    checked = in_production("manage.py", "check", "--deploy", "--fail-level", "WARNING", STATIC_ROOT=str(tmp_path))
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


def test_cookies_and_transport_are_safe_in_production() -> None:
    shown = in_production("-c", SHOW)
    assert shown.returncode == 0, shown.stderr
    said = json.loads(shown.stdout)
    for cookie in ("SESSION", "CSRF"):
        assert said[f"{cookie}_COOKIE_SECURE"] is said[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert said[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
        assert said[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert (said[f"{cookie}_COOKIE_DOMAIN"], said[f"{cookie}_COOKIE_PATH"]) == (None, "/")
    assert said["tls"] == [200, "max-age=31536000; includeSubDomains; preload"]
    assert said["plain"] == [301], "a stranger's X-Forwarded-Proto is believed"


def test_nobody_but_the_people_at_work_is_let_into_the_back_office(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = AnonymousUser()
    assert BackOffice().has_permission(request) is False
