"""Looking for claims that outlive their request: many threads send mixed requests through the whole of Django.

Each answer says whose claims were in force. A leak is an answer, a stream or a thread that knows of anyone
but who asked.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast
from wsgiref.util import setup_testing_defaults

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import path

from bookings.models import Appointment
from businesses.models import User
from rhivo import claims
from rhivo.claims import PUBLIC, Role, acting_as
from rhivo.db.postgresql.base import DatabaseWrapper
from rhivo.testing.builder import Shop
from rhivo.testing.real_servers.web_server import access_token

SETTINGS = (
    "SELECT concat_ws(' ', VARIADIC array_agg(NULLIF(current_setting('rhivo.' || name, true), '')))"
    " FROM unnest(ARRAY['business_id', 'user_id', 'role', 'cancellation_token', 'reservation_id', 'reason']) AS name"
)


class Interrupted(BaseException):
    """What a server raises in a thread that it ends."""


def in_force() -> str:
    """Return every claim that the database knows of on this connection now."""
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return str(cursor.fetchone()[0])


def _said(_: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"claims": in_force(), "bookings": Appointment.objects.count()})


def _broken(_: HttpRequest) -> HttpResponseBase:
    in_force()
    raise ZeroDivisionError


def _interrupted(_: HttpRequest) -> HttpResponseBase:
    in_force()
    raise Interrupted


def _half_broken(_: HttpRequest) -> HttpResponseBase:
    with suppress(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    claims.assume(claims.current().with_(cancellation_token="f" * 64))
    connection.cursor().execute("SELECT 1 / 0")
    raise AssertionError("unreachable")


def _streamed(_: HttpRequest) -> HttpResponseBase:
    """A stream is read after its transaction: no chunk may know of claims."""
    return StreamingHttpResponse(in_force() for _ in range(3))


def _streamed_inside(_: HttpRequest) -> HttpResponseBase:
    """A stream with a transaction and claims of its own, which a client may leave in the middle of."""
    asking = claims.current()

    def chunks() -> Iterator[str]:
        with acting_as(asking), transaction.atomic():
            for _ in range(3):
                in_force()
                yield ""

    return StreamingHttpResponse(chunks())


VIEWS = {
    "said": _said,
    "broken": _broken,
    "interrupted": _interrupted,
    "half_broken": _half_broken,
    "streamed": _streamed,
    "streamed_inside": _streamed_inside,
}
urlpatterns = [path(f"api/v1/{name}/", view) for name, view in VIEWS.items()]


@dataclass(frozen=True)
class Visitor:
    """Who asks, and what `said` answers them: the claims in force, and how many bookings they see."""

    token: str
    claims: str
    bookings: int


def visitors_of(*shops: Shop) -> list[Visitor]:
    """Return nobody and, of each shop, its owner, its employee and its customer, who booked nothing."""
    found = [Visitor("", "", 0)]
    for shop in shops:
        with acting_as(shop.owners), transaction.atomic():
            bookings = Appointment.objects.count()
        people: list[tuple[User, Role, int]] = [
            (shop.owner, "owner", bookings),
            (shop.employee, "staff", bookings),
            (shop.customer, "customer", 0),
        ]
        for person, role, seen in people:
            token = access_token(person, business_id=shop.business.id, role=role)
            found.append(Visitor(token, f"{shop.business.id} {person.id} {role}", seen))
    return found


def leaks_of_requests(visitors: list[Visitor], *, threads: int, requests: int, seed: int = 7) -> tuple[int, list[str]]:
    """Send requests, shared out over threads; return how many were answered, and every leak that was seen."""
    handler = WSGIHandler()
    counts: list[int] = []
    leaks: list[str] = []

    def run(number: int) -> None:
        dice = random.Random(seed * 1000 + number)  # noqa: S311 - to be repeated
        try:
            for _ in range(requests // threads):
                leaks.extend(_leaks_of_one(handler, dice.choice(visitors), dice.choice([*VIEWS, "said", "said"]), dice))
                counts.append(1)
        finally:
            connection.close()

    lanes = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join(timeout=120)
    return len(counts), leaks


def _leaks_of_one(handler: WSGIHandler, visitor: Visitor, name: str, dice: random.Random) -> list[str]:
    """Send one request as a web server does, leave half of the streams unread, and look at what stays behind."""
    body = ""
    with suppress(Interrupted):
        body = _answer(handler, visitor, name, whole=dice.random() < 0.5)
    found = []
    if name == "said":
        said = json.loads(body)
        if said != {"claims": visitor.claims, "bookings": visitor.bookings}:
            found.append(f"{name}: {said} instead of {visitor.claims}, {visitor.bookings}")
    elif name.startswith("streamed") and body:
        found.append(f"{name}: {body}")
    if claims.current() != PUBLIC:
        found.append(f"thread after {name}: {claims.current()}")
        # Clean, so that one leak is told once and not again by each later request of the thread.
        claims.note(PUBLIC)
    if connection.in_atomic_block:
        found.append(f"connection after {name}: still in a transaction")
    return found


def _answer(handler: WSGIHandler, visitor: Visitor, name: str, *, whole: bool) -> str:
    environ: dict[str, Any] = {"PATH_INFO": f"/api/v1/{name}/", "HTTP_HOST": "localhost"}
    if visitor.token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {visitor.token}"
    setup_testing_defaults(environ)
    response = handler(environ, lambda *_: lambda _: None)
    chunks: Iterator[bytes] = iter(response)
    try:
        return b"".join(chunks).decode() if whole else next(chunks, b"").decode()
    finally:
        # Only now Django sends request_finished, in which connections are given back.
        response.close()  # as a server does, also for a client that went away


@contextmanager
def connected(*, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Let this process and its threads connect otherwise for a block: through a pool, through a pooler."""
    settings = connections.settings["default"]
    former = dict(settings)
    connections["default"].close()
    settings.update(change(dict(settings)))
    try:
        yield
    finally:
        connections["default"].close()
        if "pool" in settings["OPTIONS"]:
            # A pool outlives its connections' close() and would keep this block's settings for the next.
            cast(DatabaseWrapper, connections["default"]).close_pool()
        settings.clear()
        settings.update(former)
