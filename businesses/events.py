"""Writing into the history what no table shows: log-ins, refused ones, log-outs, exports.

`record_event` in SQL decides what the database accepts.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest

from rhivo import claims
from rhivo.claims import Claims, acting_as
from rhivo.tokens import visitor_mark
from rhivo.web.client_address import client_address
from rhivo.web.error_pages import API_PREFIX

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    """The request under way, and its refused log-ins, each with the claims that were in force when it was refused."""

    http: HttpRequest
    refused: list[tuple[Claims, UUID | None, str]] = field(default_factory=list)

    def origin(self) -> dict[str, str]:
        """Return which face the visitor used, and a keyed mark instead of their address."""
        return {"by": _face(self.http.path), "visitor": visitor_mark(f"address {client_address(self.http)}")}


_request: ContextVar[_Request | None] = ContextVar("rhivo_events_of_request", default=None)


@contextmanager
def recording_refused_log_ins(http: HttpRequest) -> Iterator[None]:
    """Collect the refused log-ins of a request, and write them after the block, whatever became of its transaction."""
    # 1. A refused log-in is answered with an error, and the middleware rolls the request's transaction back.
    # 2. An entry written in that transaction would vanish with it, so it is only kept here.
    # 3. The transaction has ended when the block does; then each entry is written in one of its own.
    request = _Request(http)
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)
        for acting, user_id, why in request.refused:
            _record_refused(request, acting, user_id, why)


def _record_refused(request: _Request, acting: Claims, user_id: UUID | None, why: str) -> None:
    try:
        with acting_as(acting), transaction.atomic():
            _record("login", user_id, "refused", request.origin() | {"why": why})
    except DatabaseError:
        # The answer is made by now: a database that went away must not turn it into a 500.
        logger.exception("A refused log-in could not be written into the history.")


def record_refused_log_in(user_id: UUID | None, why: str) -> None:
    """Record that someone was not let in: the account if the email is one's, never what was typed."""
    request = _request.get()
    # Outside a request, as in a command, there is no later moment: the caller's transaction decides.
    if request is None:
        _record("login", user_id, "refused", {"why": why})
    else:
        request.refused.append((claims.current(), user_id, why))


def record_log_in() -> None:
    """Record that the person of the claims logged in, in the transaction in which they do."""
    _record_of_oneself("logged_in")


def record_log_out() -> None:
    """Record that the person of the claims logged out, if there is one."""
    if claims.current().user_id is not None:
        _record_of_oneself("logged_out")


def record_export(business_id: UUID, *, what: str, since: str | None = None) -> None:
    """Record, as the worker role, that an operator took something out; `since` is an ISO 8601 instant or None."""
    details = {"what": what} | ({"since": since} if since else {})
    # `record_event` takes an export only for the business of the claims.
    with acting_as(Claims(business_id=business_id, role="owner")), transaction.atomic():
        _record("export", business_id, "exported", details)


def _record_of_oneself(action: str) -> None:
    request = _request.get()
    _record("login", claims.current().user_id, action, request.origin() if request else {})


def _record(entity: str, entity_id: UUID | None, action: str, details: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_event(%s, %s::uuid, %s, %s::jsonb)", [entity, entity_id, action, json.dumps(details)]
        )


def _face(path: str) -> str:
    if path.startswith(API_PREFIX):
        return "api"
    return "back office" if "/admin/" in path else "page"
