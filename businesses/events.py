"""Telling the history what no table shows: log-ins, refused ones, log-outs, exports.

What the database accepts is decided by `record_event` in SQL. A refused log-in must be told although its request is
undone: it is kept until the request's transaction has ended, and then written in one of its own.
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

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    """The request under way, and what must be told when it is over, under the claims of the moment it happened."""

    http: HttpRequest
    owed: list[tuple[Claims, UUID | None, str]] = field(default_factory=list)

    def origin(self) -> dict[str, str]:
        """Return by which door a visitor came, and a keyed mark instead of their address."""
        return {"by": _door(self.http.path), "visitor": visitor_mark(f"address {client_address(self.http)}")}


_request: ContextVar[_Request | None] = ContextVar("rhivo_events_of_request", default=None)


@contextmanager
def told_in_any_case(http: HttpRequest) -> Iterator[None]:
    """Keep what a request owes the history, and write it after the block, whatever became of its transaction."""
    request = _Request(http)
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)
        for acting, user_id, why in request.owed:
            _write_owed(request, acting, user_id, why)


def _write_owed(request: _Request, acting: Claims, user_id: UUID | None, why: str) -> None:
    try:
        with acting_as(acting), transaction.atomic():
            _record("login", user_id, "refused", request.origin() | {"why": why})
    except DatabaseError:
        logger.exception("a refused log-in could not be told")


def refused_log_in(user_id: UUID | None, why: str) -> None:
    """Tell that someone was not let in: the account if the email is one, never what was typed."""
    request = _request.get()
    if request is None:
        _record("login", user_id, "refused", {"why": why})
    else:
        request.owed.append((claims.current(), user_id, why))


def logged_in() -> None:
    """Tell that the person of the claims came in, in the transaction in which they do."""
    _record_of_oneself("logged_in")


def logged_out() -> None:
    """Tell that the person of the claims went out, if there is one."""
    if claims.current().user_id is not None:
        _record_of_oneself("logged_out")


def record_export(business_id: UUID, *, what: str, since: str | None = None) -> None:
    """Tell, as the worker role, that an operator took something out."""
    details = {"what": what} | ({"since": since} if since else {})
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


def _door(path: str) -> str:
    if path.startswith("/api/"):
        return "api"
    return "back office" if "/admin/" in path else "page"
