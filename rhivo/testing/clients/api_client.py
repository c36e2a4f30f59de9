"""A client of the API for the tests: sends JSON, keys and versions, and checks that every refusal is a problem."""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from django.test import Client

from businesses.models import User
from rhivo.claims import Role
from rhivo.testing.clients.http_client import PROBLEM_FIELDS
from rhivo.testing.real_servers.web_server import access_token


@dataclass(frozen=True)
class Api:
    """Requests of one client, under one token or none."""

    token: str = ""
    # False, so that an exception becomes the 500 that a client would get: a test must see the answer, not the
    # traceback.
    client: Client = field(default_factory=lambda: Client(HTTP_HOST="localhost", raise_request_exception=False))

    def as_(self, user: User, *, role: Role = "customer", business_id: Any = None) -> "Api":
        """Return this client with a token as a log-in would give it."""
        return replace(self, token=access_token(user, business_id=business_id, role=role))

    def with_token(self, token: str) -> "Api":
        return replace(self, token=token)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query or None, headers=self._headers())

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self._headers())

    def post(self, path: str, body: Any = None, *, key: str | None = None, version: int | None = None) -> Any:
        """Send JSON; text and bytes go as they are. A key of its own is sent unless one is given; '' sends none."""
        headers = self._headers()
        if key != "":
            headers["Idempotency-Key"] = key or uuid4().hex
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        data = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        return self.client.post(path, data, content_type="application/json", headers=headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that a response is the problem with this status and code; return it."""
    assert (response.status_code, response.headers.get("Content-Type")) == (status, "application/problem+json"), (
        response.status_code,
        response.content[:300],
    )
    body: dict[str, Any] = response.json()
    assert set(body) >= PROBLEM_FIELDS, body
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"].startswith("urn:rhivo:problem:")
    assert body["title"]
    assert body["detail"]
    return body


def answered(response: Any, status: int = 200) -> dict[str, Any]:
    """Assert that a response has this status; return its body."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    body: dict[str, Any] = response.json()
    return body
