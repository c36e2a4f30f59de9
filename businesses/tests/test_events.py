"""Log-ins, refused ones, log-outs and exports are told, also when the request is undone, and nobody else tells them."""

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError
from django.test import Client

from audit.chain.entries import INSTALLATION
from audit.models import AuditLog
from audit.tests.histories import at_repeatable_read, entries, run, verify
from bookings import operations
from bookings.tests.browsing import Visitor
from businesses import events
from businesses.models import User
from rhivo.claims import Claims, acting_as, set_config_sql
from rhivo.clock import now
from rhivo.testing.builder import Shop, make_user
from rhivo.testing.clients.api_client import Api, answered, refused
from rhivo.testing.clients.http_client import Call
from rhivo.testing.database import as_role, raw
from rhivo.testing.factories import PASSWORD, MembershipFactory, unique
from rhivo.testing.race import race
from rhivo.testing.real_servers.web_server import Server
from rhivo.tokens import visitor_mark

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "/api/v1/auth/token/"
ADDRESS = visitor_mark("address 127.0.0.1")


def told(shop: Shop | UUID) -> list[tuple[UUID, str, dict[str, Any] | None]]:
    business_id = shop.business.id if isinstance(shop, Shop) else shop
    return [(entry.entity_id, entry.action, entry.after) for entry in entries(business_id, "login")]


def of_installation(user: User) -> list[AuditLog]:
    return [entry for entry in entries(INSTALLATION, "login") if entry.entity_id == user.id]


def works_at(shop: Shop, user: User) -> None:
    with shop.changes():
        MembershipFactory.create(business=shop.business, user=user, role="staff")


def log_in(email: str, password: str = PASSWORD, **more: Any) -> Any:
    return Api().post(TOKEN, {"email": email, "password": password, **more}, key="")


def back_office(client: Client, user: User, password: str = PASSWORD) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": user.email, "password": password})


def test_a_log_in_is_told_in_each_business_where_the_person_works(shop: Shop, other_shop: Shop) -> None:
    works_at(other_shop, shop.employee)
    answered(log_in(shop.employee.email))
    for place in (shop, other_shop):
        assert told(place) == [(shop.employee.id, "logged_in", {"by": "api", "visitor": ADDRESS})]
        entry = entries(place.business.id, "login")[0]
        assert (entry.actor_kind, entry.actor, len(entry.request_id)) == ("user", str(shop.employee.id), 32)
    assert verify(shop)[0] == 0


def test_a_customers_log_in_is_told_in_the_business_they_came_to_or_nowhere_in_particular(shop: Shop) -> None:
    visitor = Visitor(shop)
    visitor.log_in(shop.customer)
    visitor.post("log-out/", {})
    answered(log_in(shop.customer.email))
    assert [(who, action) for who, action, _ in told(shop)] == [
        (shop.customer.id, "logged_in"),
        (shop.customer.id, "logged_out"),
    ]
    assert [(entry.action, entry.after and entry.after["by"]) for entry in of_installation(shop.customer)] == [
        ("logged_in", "api")
    ]


def test_a_back_office_session_is_told_from_log_in_to_log_out(shop: Shop, client: Client) -> None:
    back_office(client, shop.owner)
    client.get("/admin/logout/")
    client.post("/admin/logout/")
    client.post("/admin/logout/")
    assert [(who, action, after and after["by"]) for who, action, after in told(shop)] == [
        (shop.owner.id, "logged_in", "back office"),
        (shop.owner.id, "logged_out", "back office"),
    ]


def test_a_refused_log_in_is_told_although_the_request_is_undone(shop: Shop) -> None:
    refused(log_in(shop.owner.email, "wrong"), 401, "NOT_AUTHENTICATED")
    assert told(shop) == [(shop.owner.id, "refused", {"by": "api", "visitor": ADDRESS, "why": "wrong password"})]


def test_a_refused_log_in_is_told_over_the_real_server(shop: Shop, server: Server) -> None:
    body = {"email": shop.owner.email, "password": "typed in vain"}
    answer = server.ask(Call(TOKEN, body, headers={"X-Request-ID": "request-of-the-refused"}))
    assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED")
    assert [(action, after and after["why"]) for _, action, after in told(shop)] == [("refused", "wrong password")]
    entry = entries(shop.business.id, "login")[0]
    assert (entry.request_id, entry.actor_kind) == ("request-of-the-refused", "public")


def test_every_door_tells_whom_it_refuses_and_why(shop: Shop, client: Client) -> None:
    unverified = make_user("uma")
    works_at(shop, unverified)
    with raw("owner") as owner:
        owner.execute("UPDATE users SET email_verified_at = NULL WHERE id = %s", [unverified.id])
    back_office(client, shop.owner, "wrong")
    back_office(client, unverified)
    Visitor(shop).log_in(shop.employee, "wrong")
    Visitor(shop).log_in(unverified)
    refused(log_in(unverified.email), 403, "EMAIL_NOT_VERIFIED")
    with raw("owner") as owner:
        owner.execute("UPDATE users SET is_active = false WHERE id = %s", [unverified.id])
    refused(log_in(unverified.email), 401, "NOT_AUTHENTICATED")
    assert [
        (who, after and (after["by"], after["why"])) for who, action, after in told(shop) if action == "refused"
    ] == [
        (shop.owner.id, ("back office", "wrong password")),
        (unverified.id, ("back office", "email is not verified")),
        (shop.employee.id, ("page", "wrong password")),
        (unverified.id, ("page", "email is not verified")),
        (unverified.id, ("api", "email is not verified")),
        (unverified.id, ("api", "account is disabled")),
    ]


def test_someone_of_another_business_is_refused_and_told_where_they_work(
    shop: Shop, other_shop: Shop, client: Client
) -> None:
    address = f"/b/{shop.business.subdomain}/admin/login/"
    client.post(address, {"username": other_shop.owner.email, "password": PASSWORD})
    assert told(shop) == []
    assert [(action, after and after["why"]) for _, action, after in told(other_shop)] == [
        ("refused", "does not work here")
    ]


def test_what_was_typed_is_never_told(shop: Shop) -> None:
    typed, password = f"{unique('typed')}@example.com", unique("password")
    visitor = Visitor(shop)
    assert visitor.post("log-in/", {"email": typed, "password": password}).status_code == 422
    assert told(shop) == [(UUID(int=0), "refused", {"by": "page", "visitor": ADDRESS, "why": "no such account"})]
    refused(log_in(typed, password), 401, "NOT_AUTHENTICATED")
    refused(log_in(shop.owner.email, password), 401, "NOT_AUTHENTICATED")
    with raw("owner") as owner:
        found = owner.execute(
            "SELECT count(*) FROM audit_logs l WHERE to_jsonb(l)::text LIKE ANY (%s)", [[f"%{typed}%", f"%{password}%"]]
        ).fetchone()
        last = owner.execute(
            "SELECT after ->> 'why' FROM audit_logs WHERE business_id = %s AND entity = 'login' AND entity_id = %s"
            " ORDER BY id DESC LIMIT 1",
            [INSTALLATION, UUID(int=0)],
        ).fetchone()
    assert (found, last) == ((0,), ("no such account",))


def test_a_flood_of_refused_log_ins_fills_nothing_and_hides_no_log_in(shop: Shop) -> None:
    with raw("app") as app:
        for _ in range(70):
            record(app, Claims(), "login", shop.owner.id, "refused")
        record(app, Claims(user_id=shop.owner.id), "login", shop.owner.id, "logged_in")
    assert [action for _, action, _ in told(shop)] == ["refused"] * 60 + ["logged_in"]


def record(
    app: "psycopg.Connection[Any]",
    claims: Claims,
    entity: str,
    entity_id: UUID | None,
    action: str,
    details: Any = None,
) -> None:
    with app.transaction():
        app.execute(set_config_sql(claims))
        app.execute(
            "SELECT record_event(%s, %s::uuid, %s, %s::jsonb)", [entity, entity_id, action, json.dumps(details or {})]
        )


def test_nobody_forges_an_entry_through_the_door_for_events(shop: Shop, other_shop: Shop) -> None:
    me, them = shop.employee.id, shop.owner.id
    attempts: list[tuple[Claims, str, UUID | None, str, Any]] = [
        (shop.owners, "appointment", uuid4(), "canceled", {}),
        (shop.owners, "service", shop.business.id, "changed", {}),
        (shop.owners, "seal", shop.business.id, "sealed", {}),
        (shop.owners, "login", them, "changed", {}),
        (shop.employees, "login", them, "logged_in", {}),
        (shop.employees, "login", them, "logged_out", {}),
        (shop.public, "login", me, "logged_in", {}),
        (shop.customers, "export", shop.business.id, "exported", {}),
        (shop.public, "export", shop.business.id, "exported", {}),
        (shop.owners, "export", other_shop.business.id, "exported", {}),
        (Claims(), "export", INSTALLATION, "exported", {}),
        (shop.owners, "login", them, "refused", {"filler": "x" * 500}),
        (shop.owners, "login", them, "refused", ["a list"]),
    ]
    before = len(entries(shop.business.id)), len(entries(other_shop.business.id))
    for claims, entity, entity_id, action, details in attempts:
        with raw("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            record(app, claims, entity, entity_id, action, details)
    assert (len(entries(shop.business.id)), len(entries(other_shop.business.id))) == before


def test_events_of_one_thing_at_once_are_one_chain(shop: Shop) -> None:
    def attempt(number: int) -> str:
        with raw("app") as app:
            record(app, Claims(), "login", shop.owner.id, "refused", {"number": number})
        return "told"

    assert race(40, attempt) == {"told": 40}
    assert len(told(shop)) == 40
    assert verify(shop) == (0, "50 entries, 0 seals, all intact\n")


def test_an_event_at_repeatable_read_is_refused_as_it_could_not_see_the_chain(shop: Shop) -> None:
    with pytest.raises(DatabaseError, match="READ COMMITTED"):
        at_repeatable_read(lambda: events.record_refused_log_in(shop.owner.id, "wrong password"))


def test_a_log_in_goes_on_when_the_history_cannot_be_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: Any) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(events, "_record", away)
    refused(log_in(shop.owner.email, "wrong"), 401, "NOT_AUTHENTICATED")
    assert "A refused log-in could not be written into the history." in caplog.text


def test_a_hash_that_is_renewed_at_log_in_is_not_taken_for_a_new_password(shop: Shop, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    answered(log_in(shop.employee.email))
    entry, login = entries(shop.business.id, "account", "login")
    assert (entry.action, entry.reason) == ("password_changed", "The same password: its hash was renewed at log-in.")
    assert (login.action, login.reason) == ("logged_in", "")


def test_an_exported_tenant_file_is_told(shop: Shop) -> None:
    assert run("export_business", shop.business.subdomain)[0] == 0
    (entry,) = entries(shop.business.id, "export")
    assert (entry.action, entry.after, entry.actor_kind) == ("exported", {"what": "tenant file"}, "worker")


def test_an_override_by_staff_is_told_as_one(shop: Shop) -> None:
    with shop.changes():
        shop.business.cancellation_deadline_hours = 168
        shop.business.save(update_fields=["cancellation_deadline_hours", "version"])
    booked = shop.book(shop.at(days=1))
    with acting_as(shop.employees):
        operations.cancel_appointment(appointment=booked, version=1, at=now(), reason="flooded")
    entry = entries(shop.business.id, "appointment")[-1]
    assert entry.after is not None
    assert (entry.action, entry.after["overrides"]) == ("canceled", ["cancellation_deadline"])
    assert entry.reason == "flooded"


def test_a_refusal_outside_any_request_is_told_at_once(shop: Shop) -> None:
    with as_role("app"):
        events.record_refused_log_in(shop.owner.id, "wrong password")
    assert [after for _, _, after in told(shop)] == [{"why": "wrong password"}]
