"""Every change of what a business is leaves an entry that says who, what and why, and no secret."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from audit.models import AuditLog
from audit.tests.histories import at_repeatable_read, entries, run, superuser, verify
from businesses.models import Availability, Membership, Service, ServiceStaff
from notifications.models import WebhookEndpoint
from rhivo.claims import Claims, acting_as
from rhivo.db.history import because
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, raw
from rhivo.testing.factories import PASSWORD, AvailabilityFactory, CategoryFactory, MembershipFactory
from rhivo.testing.race import race
from rhivo.testing.tenant_rows import declared, declaring, fill

pytestmark = pytest.mark.django_db(transaction=True)


def recorded(shop: Shop, *entities: str) -> list[tuple[str, str]]:
    return [(entry.entity, entry.action) for entry in entries(shop.business.id, *entities)]


def last(shop: Shop, entity: str) -> AuditLog:
    return entries(shop.business.id, entity)[-1]


def test_founding_a_business_records_its_settings_people_and_hours(shop: Shop) -> None:
    assert recorded(shop) == [("business", "added"), *[("membership", "added")] * 2, *[("availability", "added")] * 7]
    first = entries(shop.business.id)[0]
    assert (first.entity_id, first.before, first.actor_role) == (shop.business.id, None, "owner")
    assert first.after is not None
    assert first.after["subdomain"] == shop.business.subdomain


def test_a_change_records_before_and_after_by_whom_why_and_in_which_request(shop: Shop) -> None:
    with acting_as(shop.owners.with_(request_id="request-1")), transaction.atomic():
        because("the rent went up")
        shop.business.min_notice_minutes = 120
        shop.business.save(update_fields=["min_notice_minutes", "version"])
    entry = last(shop, "business")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.action, entry.before["min_notice_minutes"], entry.after["min_notice_minutes"]) == ("changed", 60, 120)
    assert (entry.actor_kind, entry.actor, entry.actor_role) == ("user", str(shop.owner.id), "owner")
    assert (entry.reason, entry.request_id) == ("the rent went up", "request-1")


def test_the_catalogue_and_who_does_what_is_recorded(shop: Shop) -> None:
    service = shop.service(staff=["anna"])
    with shop.changes():
        category = CategoryFactory.create(business=shop.business, name="Hair")
        Service.objects.filter(id=service.id).update(category=category, name="Cut")
        ServiceStaff.objects.filter(service=service).delete()
    assert recorded(shop, "service", "staff", "assignment", "category") == [
        ("service", "added"),
        ("staff", "added"),
        ("assignment", "added"),
        ("category", "added"),
        ("service", "changed"),
        ("assignment", "removed"),
    ]
    removed = last(shop, "assignment")
    assert removed.before is not None
    assert (removed.before["service_id"], removed.after) == (str(service.id), None)


def test_hours_closed_days_and_roles_are_recorded(shop: Shop) -> None:
    with shop.changes():
        Availability.objects.filter(business=shop.business, weekday=0).update(closes=18 * 60)
        AvailabilityFactory.create(business=shop.business, first_date="2030-01-01", last_date="2030-01-02")
        Membership.objects.filter(business=shop.business, user=shop.employee).update(role="owner")
        Membership.objects.filter(business=shop.business, user=shop.employee).delete()
    assert recorded(shop)[10:] == [
        ("availability", "changed"),
        ("availability", "added"),
        ("membership", "changed"),
        ("membership", "removed"),
    ]


def test_an_import_that_replaces_hours_records_what_went_and_what_came(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    code, said = run("export_business", shop.business.subdomain)
    file.write_text(said.replace('["08:00", "20:00"]', '["09:00", "20:00"]', 2))
    assert (code, run("import_business", str(file), "--replace")[0]) == (0, 0)
    written = entries(shop.business.id, "availability")[7:]
    assert [entry.action for entry in written] == ["removed"] * 2 + ["added"] * 2
    assert [(entry.before or entry.after or {})["opens"] for entry in written] == [480, 480, 540, 540]
    assert {(entry.actor_kind, entry.actor_role) for entry in written} == {("worker", "owner")}
    assert verify(shop)[0] == 0


def test_an_update_that_changes_nothing_is_not_recorded(shop: Shop) -> None:
    service = shop.service()
    before = recorded(shop)
    with shop.changes():
        service.save()
        service.refresh_from_db()
        Service.objects.filter(id=service.id).update(version=service.version)
    assert recorded(shop) == before
    assert verify(shop)[0] == 0


def test_a_new_secret_of_a_webhook_is_recorded_and_the_secret_is_not(shop: Shop) -> None:
    with shop.changes():
        hook = WebhookEndpoint.objects.create(business=shop.business, url="https://example.com/", secret="whsec_one")
        WebhookEndpoint.objects.filter(id=hook.id).update(secret="whsec_two")
        WebhookEndpoint.objects.filter(id=hook.id).update(secret="whsec_three", is_active=False)
    assert recorded(shop, "webhook") == [("webhook", "added"), ("webhook", "secret_changed"), ("webhook", "changed")]
    assert "whsec" not in everything_about(shop)


def test_what_people_change_of_their_account_is_recorded_where_they_work(shop: Shop, other_shop: Shop) -> None:
    with other_shop.changes():
        MembershipFactory.create(business=other_shop.business, user=shop.employee, role="staff")
    with acting_as(Claims(user_id=shop.employee.id)), transaction.atomic():
        shop.employee.phone = "+390612345678"
        shop.employee.save(update_fields=["phone"])
        shop.employee.set_password("another password")
        shop.employee.save(update_fields=["password"])
        shop.employee.save(update_fields=["password"])
    for place in (shop, other_shop):
        assert recorded(place, "account") == [("account", "changed"), ("account", "password_changed")]
        assert last(place, "account").entity_id == shop.employee.id
    with acting_as(Claims(user_id=shop.customer.id)), transaction.atomic():
        shop.customer.phone = "+390612345679"
        shop.customer.save(update_fields=["phone"])
    assert recorded(shop, "account") == [("account", "changed"), ("account", "password_changed")]


def everything_about(shop: Shop) -> str:
    """Return all entries of a business as text."""
    with raw("owner") as owner:
        row = owner.execute(
            "SELECT string_agg(to_jsonb(l)::text, ' ') FROM audit_logs l WHERE business_id = %s", [shop.business.id]
        ).fetchone()
    assert row is not None
    return str(row[0])


# Most tables say it in their line `@tenant_table`; these two have trigger functions of their own.
SECRETS = {
    "appointments": {"cancellation_token_hash", "idempotency_key", "request_fingerprint"},
    "users": {"password"},
} | {table: set(declared()[table]["secret"].split(",")) for table in declaring("secret")}
WATCHED = {"appointments", "users"} | declaring("history")
SECRET_WORDS = ("secret", "password", "token", "hash", "fingerprint", "idempotency")


def test_no_secret_of_any_watched_table_is_ever_recorded(shop: Shop, client: Any) -> None:
    """Walk the catalogue for columns that sound secret, put a known value into each, and look for it."""
    guest = shop.book(shop.at("09:00"), key="key-that-stays-secret")
    shop.book_by_staff(shop.at("10:00"), key="another-key-that-stays-secret")
    with shop.changes():
        hook = WebhookEndpoint.objects.create(business=shop.business, url="https://example.com/", secret="known-secret")
        WebhookEndpoint.objects.filter(id=hook.id).delete()
    fill(shop)
    with acting_as(shop.employees), transaction.atomic():
        shop.employee.set_password("known password")
        shop.employee.save(update_fields=["password"])
    with raw("owner") as owner:
        watched: list[Any] = owner.execute(
            "SELECT c.relname, array_agg(a.attname::text) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE t.tgnargs > 0 OR t.tgfoid = 'account_writes_history()'::regprocedure GROUP BY c.relname"
        ).fetchall()
        row: Any = owner.execute("SELECT to_jsonb(a) FROM appointments a WHERE id = %s", [guest.id]).fetchone()
    sounding = {table: {c for c in columns if any(word in c for word in SECRET_WORDS)} for table, columns in watched}
    assert sounding.keys() == WATCHED
    assert {table: columns for table, columns in sounding.items() if columns} == SECRETS
    assert row is not None
    text = everything_about(shop)
    values = {"known-secret", "known password", PASSWORD, shop.owner.password, shop.employee.password}
    assert [value for value in values | {row[0][c] for c in SECRETS["appointments"]} if value in text] == []
    assert [c for columns in SECRETS.values() for c in columns if f'"{c}"' in text] == []
    assert json.dumps(str(guest.id)) in text


def test_concurrent_changes_of_one_thing_are_one_chain(shop: Shop) -> None:
    service = shop.service()

    def change(number: int) -> str:
        with as_role("worker"), acting_as(shop.owners), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE services SET position = %s WHERE id = %s", [number + 1, service.id])
        return "changed"

    assert race(24, change) == {"changed": 24}
    assert len(entries(shop.business.id, "service")) == 25
    assert verify(shop) == (0, "35 entries, 0 seals, all intact\n")


def test_a_change_at_repeatable_read_continues_the_chain(shop: Shop) -> None:
    service = shop.service()

    def change() -> None:
        with acting_as(shop.owners), transaction.atomic():
            Service.objects.filter(id=service.id).update(position=5)

    at_repeatable_read(change)
    assert verify(shop)[0] == 0


def test_the_database_refuses_a_second_continuation_of_an_entry(shop: Shop) -> None:
    with superuser() as intruder, pytest.raises(psycopg.errors.ExclusionViolation):
        intruder.execute(
            "INSERT INTO audit_logs SELECT (l).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object('id',"
            " nextval('audit_logs_id_seq'), 'hash', 'forged', 'previous_hash', 'x')) AS l FROM audit_logs l"
            " WHERE business_id = %s LIMIT 2) AS copies",
            [shop.business.id],
        )


def test_staff_read_of_appointments_and_the_owner_of_everything(shop: Shop) -> None:
    shop.book_by_staff(shop.at())
    read = {}
    for who, acting in (("staff", shop.employees), ("owner", shop.owners), ("customer", shop.customers)):
        with acting_as(acting), transaction.atomic():
            read[who] = set(AuditLog.objects.filter(business_id=shop.business.id).values_list("entity", flat=True))
    assert read["staff"] == {"appointment"}
    assert read["owner"] == {"business", "membership", "availability", "service", "appointment"}
    assert read["customer"] == set()
