"""What a login may call, and that nothing it may call answers for another business: functions, sequences, views."""

import os
from typing import Any

import psycopg
import pytest

from rhivo.claims import Claims
from rhivo.testing.builder import Shop
from rhivo.testing.database import in_database, raw
from rhivo.testing.sql_attacker import DENIED, VISITORS, Connection, attempt, claims_of

pytestmark = pytest.mark.django_db

# Every function of ours that the logins may call, and why. A new one fails the test until its reason is written here.
OPEN = {
    "current_business_id()": "policies ask it",
    "current_user_id()": "policies ask it",
    "current_user_role()": "triggers ask it",
    "current_cancellation_token()": "policies ask it",
    "current_reservation_id()": "policies ask it",
    "working_business_id()": "policies ask it",
    "owned_business_id()": "policies ask it",
    "find_login(text)": "a log-in knows an address and nothing else: one account, by exact address",
    "role_in(uuid,uuid)": "what the person of the claims is to a business",
    "my_businesses()": "where the person of the claims works",
    "history_hash(audit_logs)": "computes from what it is given, reads nothing",
    "live_occupancy(uuid,uuid,uuid[],uuid[],tstzrange,timestamp with time zone,uuid)": (
        "slot search in the business of the claims"
    ),
    "lock_subjects(uuid,uuid[],uuid[],uuid[])": "a visit of several parts, in the business of the claims",
    "hold_of_key(uuid,text)": "what a key of the claims' business was used for",
    "appointment_of_key(uuid,text)": "what a key of the claims' business was used for",
    "bookings_of_customer(uuid,uuid,text,text,tstzrange,uuid)": "limits per customer, in the business of the claims",
    "record_event(text,uuid,text,jsonb)": "tells log-ins and exports, in the business of the claims or of the person",
}
OPEN_TO_THE_WORKER = {
    "seal_history(uuid,integer)": "reckons the seal itself",
    "rows_unlike_history(uuid)": "what verify_audit asks of every business",
}
MAY_CALL = """
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
    WHERE pronamespace = 'public'::regnamespace AND o.rolname = 'rhivo_owner' AND has_function_privilege(%s, p.oid, 'EXECUTE')
"""


@pytest.mark.parametrize("role", ["rhivo_app", "rhivo_worker"])
def test_a_login_may_call_these_functions_and_no_others(role: str, owner_connection: Connection) -> None:
    also = OPEN_TO_THE_WORKER if role == "rhivo_worker" else {}
    assert {name for (name,) in owner_connection.execute(MAY_CALL, [role])} == OPEN.keys() | also.keys()


def test_no_function_of_ours_is_open_to_public(owner_connection: Connection) -> None:
    """Nor is any safe from a search_path unless it runs as its caller and names nothing."""
    public = owner_connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p CROSS JOIN aclexplode(COALESCE(proacl, acldefault('f', proowner))) a"
        " JOIN pg_roles o ON o.oid = p.proowner"
        " WHERE pronamespace = 'public'::regnamespace AND o.rolname = 'rhivo_owner' AND a.grantee = 0"
    )
    assert public.fetchall() == []
    unsafe = owner_connection.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        " AND NOT COALESCE('search_path=pg_catalog, public, pg_temp' = ANY (proconfig), false)"
    )
    assert unsafe.fetchall() == []


def calls_about(shop: Shop) -> dict[str, tuple[str, list[Any]]]:
    """Return each function that could tell of a business, asked with its true ids and keys."""
    with raw("owner") as owner:
        [hold_key] = owner.execute(
            "SELECT idempotency_key FROM reservations WHERE business_id = %s AND status = 'held'", [shop.business.id]
        ).fetchone() or ("",)
        [booking_key] = owner.execute(
            "SELECT idempotency_key FROM appointments WHERE business_id = %s LIMIT 1", [shop.business.id]
        ).fetchone() or ("",)
    there, wide = shop.business.id, "tstzrange(now(), now() + interval '30 days')"
    return {
        "live_occupancy": (
            f"SELECT count(*) FROM live_occupancy(%s, %s, %s, '{{}}', {wide}, now(), NULL)",
            [there, shop.service("cut").id, [shop.person("anna").id]],
        ),
        "hold_of_key": ("SELECT count(*) FROM hold_of_key(%s, %s)", [there, hold_key]),
        "appointment_of_key": ("SELECT count(*) FROM appointment_of_key(%s, %s)", [there, booking_key]),
        "bookings_of_customer": (
            f"SELECT COALESCE(sum(upcoming), 0) FROM bookings_of_customer(%s, %s, 'gino@example.com', '', {wide}, NULL)",
            [there, shop.customer.id],
        ),
        "role_in": (
            "SELECT count(*) FROM role_in(%s, %s) AS role WHERE role IS NOT NULL",
            [shop.owner.id, there],
        ),
        "my_businesses": ("SELECT count(*) FROM my_businesses() WHERE business_id = %s", [there]),
    }


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_function_answers_for_another_business(
    visitor: str, full_shops: tuple[Shop, Shop], app_connection: Connection, worker_connection: Connection
) -> None:
    mine, theirs = full_shops
    for login in (app_connection, worker_connection):
        for name, (query, values) in calls_about(theirs).items():
            assert attempt(login, claims_of(mine, visitor), query, "", *values) == 0, name


def test_these_functions_do_answer_for_the_own_business(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    answers = {
        name: attempt(app_connection, mine.owners, query, "", *values)
        for name, (query, values) in calls_about(mine).items()
    }
    assert all(isinstance(answer, int) and answer > 0 for answer in answers.values()), answers


def test_asking_about_another_business_waits_for_no_lock_and_takes_none(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, theirs = full_shops
    asked = ("hold_of_key", "appointment_of_key", "bookings_of_customer")
    with app_connection.transaction():
        app_connection.execute("SELECT set_config('rhivo.business_id', %s, true)", [str(mine.business.id)])
        for name in asked:
            query, values = calls_about(theirs)[name]
            app_connection.execute(query, values)
        taken = app_connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        ).fetchone()
    assert taken == (0,)


def test_a_hold_that_ran_out_elsewhere_is_left_alone(
    full_shops: tuple[Shop, Shop], app_connection: Connection, owner_connection: Connection
) -> None:
    mine, theirs = full_shops
    query, values = calls_about(theirs)["hold_of_key"]
    owner_connection.execute(
        "UPDATE reservations SET expires_at = now() - interval '1 minute' WHERE business_id = %s AND status = 'held'",
        [theirs.business.id],
    )
    assert attempt(app_connection, mine.owners, query, "", *values) == 0
    left = "SELECT count(*) FROM reservations WHERE business_id = %s AND status = 'held'"
    assert owner_connection.execute(left, [theirs.business.id]).fetchone() == (2,)


def test_an_address_is_all_that_finds_an_account_and_it_finds_one(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    mine, _ = full_shops
    found = "SELECT count(*) FROM find_login(%s)"
    assert attempt(app_connection, Claims(), found, "", mine.owner.email.upper()) == 1
    for pattern in ("%", "", "%@example.com", "olga", f"{mine.owner.email} "):
        assert attempt(app_connection, Claims(), found, "", pattern) == 0


def test_no_sequence_is_read_or_moved_but_those_that_own_tables_need(
    app_connection: Connection, worker_connection: Connection, owner_connection: Connection
) -> None:
    sequences = owner_connection.execute("SELECT relname FROM pg_class WHERE relkind = 'S'").fetchall()
    for login in (app_connection, worker_connection):
        usable = {name for (name,) in sequences if attempt(login, Claims(), f"SELECT nextval('{name}')") != DENIED}
        assert usable == {"django_admin_log_id_seq"}
        for (name,) in sequences:
            assert attempt(login, Claims(), f"SELECT setval('{name}', 1)") == DENIED


VIEWS = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
      AND NOT (relkind = 'v' AND COALESCE(reloptions @> ARRAY['security_invoker=true'], false))
"""


def test_no_view_goes_round_row_security(owner_connection: Connection) -> None:
    assert owner_connection.execute(VIEWS).fetchall() == []
    owner_connection.execute("CREATE VIEW all_bookings AS SELECT * FROM appointments")
    try:
        assert owner_connection.execute(VIEWS).fetchall() == [("all_bookings",)]
    finally:
        owner_connection.execute("DROP VIEW all_bookings")


ESCAPES = {
    "make something": (
        "CREATE TEMP TABLE mine (id int)",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION dblink",
        "CREATE FUNCTION pg_temp.current_business_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "CREATE OPERATOR pg_temp.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = uuid_ne)",
        "CREATE PUBLICATION everything FOR ALL TABLES",
        "CREATE ROLE another",
        "CREATE POLICY open ON appointments USING (true)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
    ),
    "become someone": (
        "SET ROLE rhivo_owner",
        "SET SESSION AUTHORIZATION rhivo_owner",
        "ALTER ROLE rhivo_app SUPERUSER",
        "ALTER ROLE rhivo_app BYPASSRLS",
        "GRANT rhivo_owner TO rhivo_app",
    ),
    "go round the triggers": (
        "SET session_replication_role = replica",
        "DROP TRIGGER after_change ON appointments",
        "DROP FUNCTION check_class(uuid, uuid, uuid, uuid, uuid[], tstzrange)",
        "SELECT check_class(NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT write_history(NULL, '', NULL, '', NULL, NULL)",
        "SELECT new_reference()",
    ),
    "reach the machine": (
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "COPY appointments TO '/tmp/appointments'",
        "COPY services FROM PROGRAM 'id'",
        "SELECT pg_reload_conf()",
    ),
    "read what the server keeps": (
        "SELECT passwd FROM pg_shadow",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_hba_file_rules",
    ),
}


@pytest.mark.parametrize("what", ESCAPES)
def test_a_login_cannot(what: str, app_connection: Connection, worker_connection: Connection) -> None:
    for login in (app_connection, worker_connection):
        tried = {statement: attempt(login, Claims(), statement) for statement in ESCAPES[what]}
        assert tried == dict.fromkeys(ESCAPES[what], DENIED)


def test_the_web_login_cannot_become_the_worker(app_connection: Connection) -> None:
    assert attempt(app_connection, Claims(), "SET ROLE rhivo_worker") == DENIED


def test_a_search_path_of_the_attackers_changes_nothing(
    full_shops: tuple[Shop, Shop], app_connection: Connection
) -> None:
    """Policies keep the functions they were made with, and functions of the owner's have a path of their own."""
    mine, theirs = full_shops
    app_connection.execute("SET search_path = pg_temp, public, pg_catalog")
    try:
        query = "SELECT count(*) FROM appointments WHERE business_id = %s"
        assert attempt(app_connection, mine.owners, query, "", theirs.business.id) == 0
        assert attempt(app_connection, mine.owners, query, "", mine.business.id) == 2
    finally:
        app_connection.execute("RESET search_path")


def test_switching_row_security_off_shows_nothing(full_shops: tuple[Shop, Shop], app_connection: Connection) -> None:
    mine, _ = full_shops
    app_connection.execute("SET row_security = off")
    try:
        assert attempt(app_connection, mine.owners, "SELECT count(*) FROM {}", "appointments") == DENIED
    finally:
        app_connection.execute("RESET row_security")


def test_what_the_planner_knows_of_tenant_tables_is_hidden(
    full_shops: tuple[Shop, Shop], app_connection: Connection, owner_connection: Connection
) -> None:
    owner_connection.execute("ANALYZE appointments, users, reservations")
    hidden = "SELECT count(*) FROM pg_stats WHERE tablename IN ('appointments', 'users', 'reservations')"
    with psycopg.connect(in_database(os.environ["TEST_ADMIN_URL"], owner_connection.info.dbname)) as administrator:
        assert attempt(administrator, Claims(), hidden) != 0
    assert attempt(app_connection, full_shops[0].owners, hidden) == 0
