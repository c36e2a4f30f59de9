"""Reports to Sentry: off without a DSN, of pages, API and tasks, and with nobody's data in them."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import IntegrityError, close_old_connections
from django.test import RequestFactory
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from rhivo.celery import app
from rhivo.shell.error_reports import cleaned, start_reports
from rhivo.testing.builder import Shop

DSN = "https://public@sentry.example/1"
PERSON = "Gino Secretissimo"
EMAIL, PHONE, TOKEN, ADDRESS = "gino@example.com", "+39061234567", "opensesame", "203.0.113.9"
SECRETS = (PERSON, EMAIL, PHONE, TOKEN, ADDRESS, "bearer-token", "retry-key", "session-cookie")


class Kept(Transport):
    """A transport that keeps what would be sent."""

    sent: list[dict[str, Any]]

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        Kept.sent = []

    def capture_envelope(self, envelope: Envelope) -> None:
        for item in envelope.items:
            Kept.sent.append({"type": item.type, "payload": json.loads(item.get_bytes())})


@pytest.fixture
def reports() -> Iterator[list[dict[str, Any]]]:
    """Give the reports that are sent while a test runs."""
    start_reports(DSN, environment="production", release="2027.1", transport=Kept)
    yield Kept.sent
    sentry_sdk.get_global_scope().set_client(None)


def only(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one report that was sent, after looking for everything that it must not say."""
    [report] = reports
    assert report["type"] == "event"
    event: dict[str, Any] = report["payload"]
    said = json.dumps(event, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in said] == []
    assert not {"user", "extra", "breadcrumbs"} & set(event)
    assert (event["environment"], event["release"]) == ("production", "2027.1")
    return event


# A report quotes the source around an error: the secrets must not stand in it themselves.
def break_(*args: Any, **kwargs: Any) -> Any:
    name = PERSON
    raise ValueError(f"no room for {EMAIL}, {PHONE} at /b/shop/manage/{TOKEN}/ {len(name)}")


def test_nothing_is_reported_without_a_dsn() -> None:
    assert not sentry_sdk.get_client().is_active()


def test_a_dsn_that_is_none_is_refused_with_the_cure() -> None:
    with pytest.raises(ImproperlyConfigured, match="copy it from the project's settings"):
        start_reports("sentry.example", environment="production")


def ask(path: str) -> str:
    """Send a request as the web server hands it on, past the client of the tests; return the status."""
    headers = {
        "Authorization": "Bearer bearer-token",
        "Cookie": "session=session-cookie",
        "Idempotency-Key": "retry-key",
        "Referer": f"https://x.example/manage/{TOKEN}/",
        "X-Forwarded-For": ADDRESS,
    }
    body = json.dumps({"name": PERSON, "phone": PHONE})
    request = RequestFactory().post(
        f"{path}?q={PERSON}&email={EMAIL}",
        body,
        content_type="application/json",
        headers=headers,
        HTTP_HOST="localhost",
        REMOTE_ADDR=ADDRESS,
    )
    statuses: list[str] = []

    def start(status: str, *_: Any) -> Any:
        statuses.append(status)

    # As the client of the tests does: a request must not close the connection of the test's transaction.
    request_started.disconnect(close_old_connections)
    try:
        list(WSGIHandler()(request.environ, start))
    finally:
        request_started.connect(close_old_connections)
    return statuses[0]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/b/{{}}/manage/{TOKEN}/", "/api/v1/businesses/{}/reservations/"])
def test_a_broken_page_is_reported_without_who_asked_for_it(
    path: str, shop: Shop, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("businesses.middleware.enter", break_)
        assert ask(path.format(shop.business.subdomain)).startswith("500")
    event = only(reports)
    assert set(event["request"]) == {"method", "url"}
    assert event["request"]["url"].startswith("http://localhost/")
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "no room for …@…, +… at /b/shop/manage/…/ 17")
    assert all("vars" not in frame for frame in error["stacktrace"]["frames"])


def test_a_broken_task_is_reported_without_its_arguments(reports: list[dict[str, Any]]) -> None:
    task = app.task(name="rhivo.tests.break_")(break_)
    try:
        assert task.apply(args=(PERSON,), kwargs={"email": EMAIL}).failed()
    finally:
        app.tasks.pop("rhivo.tests.break_")
    event = only(reports)
    assert event["transaction"] == "rhivo.tests.break_"
    assert event["exception"]["values"][-1]["type"] == "ValueError"


def test_a_logged_error_is_reported_without_its_parameters(reports: list[dict[str, Any]]) -> None:
    logging.getLogger("rhivo.tests").warning("%s is late", PERSON)
    logging.getLogger("rhivo.tests").error("Mail to %s failed: /invitation/%s/", EMAIL, TOKEN)
    event = only(reports)
    assert event["logentry"] == {"message": "Mail to …@… failed: /invitation/…/"}


def test_the_row_that_a_database_refused_is_not_reported(reports: list[dict[str, Any]]) -> None:
    text = f'duplicate key value violates unique constraint "x"\nDETAIL:  Key (name)=({PERSON}) already exists.'
    try:
        raise IntegrityError(text)
    except IntegrityError as error:
        sentry_sdk.capture_exception(error)
    assert only(reports)["exception"]["values"][0]["value"] == 'duplicate key value violates unique constraint "x"'


@pytest.mark.parametrize("text", ["", "2026-11-24 09:17:35", "version 12 of 13", "/api/v1/appointments/"])
def test_what_names_nobody_stays(text: str) -> None:
    assert cleaned(text) == text
