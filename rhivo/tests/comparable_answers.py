"""Answers to requests, made comparable: what a stranger could tell one from another by, and nothing else."""

import json
import re
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rhivo.clock import now
from rhivo.testing.tenants import SECRET


def unlike(identifier: str) -> str:
    """Return what looks like an id and is none: of the same kind and length."""
    if identifier.isdecimal():
        return "9" * max(12, len(identifier))
    if re.fullmatch(r"[0-9a-f-]{36}", identifier):
        return str(uuid4())
    return identifier[:-6] + uuid4().hex[:6]


@dataclass(frozen=True)
class Seen:
    """All of an answer that could tell something, what differs anyway taken out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    queries: int


UNTOLD = {"Expires", "Content-Length"}
SCRUBBED = [
    re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"'),
    re.compile(r"nonce[=-]['\"]?[A-Za-z0-9+/=_-]+"),
    re.compile(r"(?:session|csrf|messages)=[^;]*"),
    re.compile(r'name="key" value="[^"]*"'),
]


def scrubbed(text: str, identifiers: list[str]) -> str:
    for identifier in identifiers:
        for written in {identifier, identifier.replace("-", "_2D")}:
            found = rf"(?<!\w){written}(?!\w)" if written.isdecimal() else re.escape(written)
            text = re.sub(found, "ID", text)
    for pattern in SCRUBBED:
        text = pattern.sub("", text)
    return text


def ask(client: Client, method: str, path: str, token: str, identifiers: list[str], **more: Any) -> Seen:
    """Send a request as a client of the API or a browser would, and keep what came."""
    is_api = path.startswith("/api/")
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": '"1"', "X-Request-ID": "r" * 32}
    if token and is_api:
        headers["Authorization"] = f"Bearer {token}"
    body = more.pop("body", {"version": "1", "start": now().isoformat(), "reason": "", "post": "yes"})
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    text = json.dumps(body) if is_api else "&".join(f"{name}={value}" for name, value in body.items())
    with CaptureQueriesContext(connection) as asked:
        if method == "GET":
            answer = client.get(path, more.get("query"), headers=headers)
        else:
            answer = client.generic(method, path, text, content_type=kind, headers=headers)
    told = tuple(
        sorted((name, scrubbed(value, identifiers)) for name, value in answer.headers.items() if name not in UNTOLD)
    )
    cookies = "; ".join(sorted(scrubbed(morsel.OutputString(), identifiers) for morsel in answer.cookies.values()))
    return Seen(
        answer.status_code,
        (*told, ("cookies", re.sub("expires=[^;]*", "", cookies))),
        scrubbed(answer.text, identifiers),
        len(asked),
    )


def differences(where: str, existing: Seen, unknown: Seen) -> list[str]:
    """Return what tells two answers apart."""
    found = [
        f"{where}: {name} {getattr(existing, name)} is not {getattr(unknown, name)}"
        for name in ("status", "queries")
        if getattr(existing, name) != getattr(unknown, name)
    ]
    found += [f"{where}: {each}" for each in sorted(set(existing.headers) ^ set(unknown.headers))]
    if existing.body != unknown.body:
        lines = unified_diff(existing.body.splitlines(), unknown.body.splitlines(), n=0, lineterm="")
        found.append(f"{where}: " + "\n".join(list(lines)[2:12]))
    if SECRET in existing.body:
        found.append(f"{where}: it names what is theirs")
    return found
