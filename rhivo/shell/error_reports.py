"""Reports of errors to Sentry: what broke and where, and nothing of the people concerned.

A report holds no body, header, query, claim, local variable or log line that came before it. What may still name a
person, the text of an exception or of a log message, is cleaned of addresses and keys.
"""

import re
from collections.abc import Callable
from typing import Any, cast

import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import Transport
from sentry_sdk.types import DataCollectionUserOptions, Event, Hint
from sentry_sdk.utils import BadDsn

from rhivo.web.log_filter import KEYS

EMAIL = re.compile(r"[^\s<>()\"',;:=]+@[^\s<>()\"',;:=]+")
PHONE = re.compile(r"\+\d[\d ().-]{6,}\d")
# PostgreSQL quotes the row that it refuses in the lines that follow its message.
ROW_OF_DATABASE = re.compile(r"\n(?:DETAIL|CONTEXT|HINT|QUERY|LINE \d+):.*", re.DOTALL)
# What send_default_pii=False was, and more: neither bodies nor headers, queries, arguments or variables.
NOTHING_OF_PEOPLE: DataCollectionUserOptions = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}


def start_reports(
    dsn: str, *, environment: str, release: str = "", transport: Callable[[Any], Transport] | None = None
) -> None:
    """Send every unhandled error and every logged one to a DSN; raises ImproperlyConfigured if it is no DSN."""
    try:
        sentry_sdk.init(
            dsn,
            environment=environment,
            release=release or None,
            transport=cast(Any, transport),
            integrations=[DjangoIntegration(signals_spans=False), CeleryIntegration()],
            auto_enabling_integrations=False,
            disabled_integrations=[ArgvIntegration],
            before_send=without_people,
            # Log lines and queries before the error: SQL carries claims, and a line whatever was logged.
            before_breadcrumb=lambda _crumb, _hint: None,
            data_collection=NOTHING_OF_PEOPLE,
            auto_session_tracking=False,
            send_client_reports=False,
            # Else Sentry would add headers of its own to requests that go to the webhooks of businesses.
            propagate_traces=False,
            trace_propagation_targets=[],
        )
    except BadDsn as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is not a DSN: copy it from the project's settings in Sentry (Client Keys), or unset it."
        ) from error


def without_people(event: Event, _hint: Hint) -> Event:
    """Return a report without whatever could name a person or open a booking."""
    report = cast(dict[str, Any], event)
    for name in ("user", "extra", "breadcrumbs"):
        report.pop(name, None)
    if request := report.get("request"):
        # Addresses of pages hold keys too: /manage/KEY/ opens a booking.
        report["request"] = {"method": request.get("method"), "url": cleaned(request.get("url"))}
    for exception in (report.get("exception") or {}).get("values", []):
        exception["value"] = cleaned(exception.get("value"))
        exception.get("mechanism", {}).pop("data", None)
    if entry := report.get("logentry"):
        report["logentry"] = {"message": cleaned(entry.get("formatted") or entry.get("message"))}
    if "transaction" in report:
        report["transaction"] = cleaned(report["transaction"])
    return event


def cleaned(text: object) -> str:
    """Return a text without keys in addresses, email addresses, phone numbers, or the row that a database quoted."""
    without_row = ROW_OF_DATABASE.sub("", str(text or ""))
    return PHONE.sub("+…", EMAIL.sub("…@…", KEYS.sub(r"/\1/…", without_row)))
