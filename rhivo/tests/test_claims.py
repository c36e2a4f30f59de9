"""Claims are in force exactly as long as their transaction, whoever uses the connection next."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import checks
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from bookings.models import Appointment
from businesses.middleware import TenancyMiddleware
from rhivo import checks as our_checks
from rhivo import claims
from rhivo.claims import Claims, acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api
from rhivo.testing.database import as_role, raw

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS = (
    "SELECT string_agg(COALESCE(current_setting('rhivo.' || name, true), ''), '')"
    " FROM unnest(ARRAY['business_id', 'user_id', 'role', 'cancellation_token', 'reservation_id', 'request_id',"
    " 'reason']) AS name"
)


def in_force() -> str:
    """Return every setting that claims are made of, as the connection has them now."""
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return str(cursor.fetchone()[0])


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_claims_are_in_force_inside_a_transaction_and_gone_after_it(shop: Shop) -> None:
    with acting_as(shop.owners), transaction.atomic():
        assert str(shop.business.id) in in_force()
        inside = backend()
    assert (in_force(), backend()) == ("", inside)


def test_a_query_outside_a_transaction_has_no_claims(shop: Shop) -> None:
    shop.book(shop.at())
    with acting_as(shop.owners):
        assert in_force() == ""
        assert list(Appointment.objects.all()) == []


def test_claims_that_would_outlive_their_transaction_are_what_this_file_would_notice(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rhivo.business_id', %s, false)", [str(shop.business.id)])
        try:
            assert in_force() == str(shop.business.id)
        finally:
            cursor.execute("RESET rhivo.business_id")


def test_an_exception_ends_claims_with_its_transaction(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError), acting_as(shop.owners), transaction.atomic():
        raise ZeroDivisionError
    assert (in_force(), claims.current()) == ("", Claims())


def test_claims_assumed_inside_end_with_the_block(shop: Shop) -> None:
    with acting_as(shop.public), transaction.atomic():
        with acting_as(shop.public):
            claims.assume(shop.owners)
            assert str(shop.owner.id) in in_force()
        assert str(shop.owner.id) not in in_force()
        assert claims.current() == shop.public


def test_a_savepoint_that_is_rolled_back_gives_the_former_claims_back(shop: Shop) -> None:
    with acting_as(shop.public), transaction.atomic():
        with pytest.raises(ZeroDivisionError), acting_as(shop.owners), transaction.atomic():
            raise ZeroDivisionError
        assert str(shop.owner.id) not in in_force()
        assert str(shop.business.id) in in_force()


def test_threads_on_their_own_connections_have_their_own_claims(shop: Shop, other_shop: Shop) -> None:
    barrier, seen = threading.Barrier(8), []

    def visit(who: Shop) -> None:
        try:
            for _ in range(20):
                with acting_as(who.employees), transaction.atomic():
                    barrier.wait(timeout=20)
                    seen.append((who.business.id, in_force().startswith(str(who.business.id))))
                seen.append((who.business.id, in_force() == ""))
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=(who,)) for who in (shop, other_shop) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(seen) == 8 * 40
    assert all(right for _, right in seen)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level("CRITICAL"):
        yield


def test_requests_leave_no_claims_behind_on_their_connection(shop: Shop, other_shop: Shop, quiet: None) -> None:
    mine = shop.book(shop.at())
    api = Api()
    staff = api.as_(shop.employee, role="staff", business_id=shop.business.id)
    paths = [f"/api/v1/appointments/{mine.id}/", "/api/v1/appointments/", f"{shop.api}/", "/api/v1/none/"]
    for path in paths:
        staff.get(path)
        assert (in_force(), claims.current()) == ("", Claims())
        assert api.get(f"/api/v1/appointments/{mine.id}/").status_code == 401
    staff.post(f"/api/v1/appointments/{mine.id}/cancel/", {"reason": "Flu"}, version=9)
    staff.post(f"/api/v1/appointments/{mine.id}/cancel/", {"reason": "Flu"}, version=1)
    assert (in_force(), claims.current()) == ("", Claims())


def test_a_view_that_breaks_leaves_neither_claims_nor_rows(shop: Shop) -> None:
    hold: dict[str, Any] = {}

    def broken(request: Any) -> HttpResponse:
        hold["made"] = shop.hold(shop.at(), claims=claims.current())
        raise ZeroDivisionError

    request: Any = RequestFactory().get(f"{shop.api}/", headers={"Host": "localhost"})
    request.session = {}
    shop.service()
    with pytest.raises(ZeroDivisionError):
        TenancyMiddleware(broken)(request)
    assert hold["made"]
    assert (in_force(), claims.current()) == ("", Claims())
    with raw("owner") as owner:
        row = owner.execute("SELECT count(*) FROM reservations WHERE business_id = %s", [shop.business.id]).fetchone()
    assert row == (0,)


def test_a_value_that_could_leave_its_quotes_is_refused_or_quoted() -> None:
    assert "'o''brien'" in claims.set_config_sql(Claims(request_id="o'brien"))
    for value in ("back\\slash", "nul\0"):
        with pytest.raises(ValueError, match="backslash"):
            claims.set_config_sql(Claims(request_id=value))


# System checks


def ids(found: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def test_safe_settings_and_a_safe_database_pass_all_checks(db: None) -> None:
    assert our_checks.settings_are_safe() == []
    assert our_checks.database_is_safe(databases=["default"]) == []
    assert our_checks.database_is_safe(databases=None) == []


def test_a_zone_other_than_utc_is_an_error(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Rome"
    assert ids(our_checks.settings_are_safe()) == ["rhivo.E003"]


def test_production_without_secrets_or_limits_is_an_error(settings: Any) -> None:
    settings.PRODUCTION, settings.SECRETS_GIVEN, settings.THROTTLE = True, False, False
    assert ids(our_checks.settings_are_safe()) == ["rhivo.E004", "rhivo.E005"]
    settings.SECRETS_GIVEN, settings.THROTTLE = True, True
    assert our_checks.settings_are_safe() == []


def test_production_without_a_mail_server_or_without_redis_is_an_error_with_the_cure(settings: Any) -> None:
    settings.PRODUCTION, settings.SECRETS_GIVEN, settings.THROTTLE = True, True, True
    settings.EMAIL_BACKEND, settings.REDIS_URL = "django.core.mail.backends.console.EmailBackend", ""
    found = our_checks.settings_are_safe()
    assert ids(found) == ["rhivo.E007", "rhivo.E008"]
    assert ["EMAIL_URL" in str(found[0].hint), "REDIS_URL" in str(found[1].hint)] == [True, True]
    settings.PRODUCTION = False
    assert our_checks.settings_are_safe() == []


def test_a_process_that_logs_in_as_the_owner_of_tables_is_an_error(db: None) -> None:
    with as_role("owner"):
        assert ids(our_checks.database_is_safe(databases=["default"])) == ["rhivo.E001"]


def test_a_tenant_table_without_row_security_is_an_error(db: None) -> None:
    with raw("owner") as owner:
        owner.execute("CREATE TABLE forgotten_by_checks (business_id uuid)")
        try:
            [found] = our_checks.database_is_safe(databases=["default"])
        finally:
            owner.execute("DROP TABLE forgotten_by_checks")
    assert (found.id, "forgotten_by_checks" in found.msg) == ("rhivo.E002", True)
