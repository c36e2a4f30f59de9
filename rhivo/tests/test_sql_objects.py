"""The objects in `sql/` are the present of the database, and the migrations lead to exactly that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.operations import RunSQL
from psycopg import sql

from rhivo.db.sql_migration import InvalidName, unmigrated, write_migration
from rhivo.db.sql_objects import APPS, State, Statement, UnknownStatement, changes, past, present, statements
from rhivo.testing.database import URL_OF, as_role, in_database

CATALOGUE = {
    "functions": """
        SELECT pg_get_functiondef(p.oid) || ' ' || COALESCE(proacl::text, '')
        FROM pg_proc p JOIN pg_roles o ON o.oid = proowner
        WHERE pronamespace = 'public'::regnamespace AND rolname = 'rhivo_owner'
    """,
    "triggers": "SELECT pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal",
    "policies": "SELECT to_jsonb(p)::text FROM pg_policies p",
    "tables": """
        SELECT format('%s %s %s %s %s', relname, relkind, relrowsecurity, relforcerowsecurity, relacl)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')
    """,
    "columns": """
        SELECT format('%s.%s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod), attnotnull, attacl,
                      pg_get_expr(adbin, adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    """,
    "constraints": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "comments": """
        SELECT format('%s %s %s', COALESCE(c.relname, p.proname), objsubid, description)
        FROM pg_description LEFT JOIN pg_class c ON c.oid = objoid AND classoid = 'pg_class'::regclass
        LEFT JOIN pg_proc p ON p.oid = objoid AND classoid = 'pg_proc'::regclass
        WHERE 'public'::regnamespace IN (c.relnamespace, p.pronamespace)
    """,
}


@contextmanager
def empty_database() -> Iterator[None]:
    """Log in as the owner on a database with nothing in it."""
    name = sql.Identifier(f"test_objects_{uuid4().hex[:12]}")
    owner_url = os.environ[URL_OF["owner"]]
    with psycopg.connect(owner_url, autocommit=True) as owner, pytest.MonkeyPatch.context() as patch:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            patch.setenv(URL_OF["owner"], in_database(owner_url, name.as_string().strip('"')))
            with as_role("owner"):
                yield
        finally:
            owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def whole_catalogue() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        found = {}
        for heading, query in CATALOGUE.items():
            cursor.execute(query)
            found[heading] = sorted(str(row[0]) for row in cursor.fetchall())
        return found


@pytest.mark.django_db(transaction=True)
def test_migrations_and_objects_make_the_same_database(django_db_setup: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_database():
        call_command("migrate", verbosity=0)
        by_migrations = whole_catalogue()
    monkeypatch.setattr(RunSQL, "database_forwards", lambda *arguments: None)
    with empty_database():
        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            for statement in (statement for app in APPS for statement in present(app).values()):
                cursor.execute(statement.text)
        by_objects = whole_catalogue()
    assert all(by_migrations.values())
    assert by_objects == by_migrations


def test_every_object_has_been_migrated() -> None:
    assert {app: unmigrated(app) for app in APPS} == {app: [] for app in APPS}


def test_every_object_file_says_in_its_first_line_what_it_is_for() -> None:
    folders = [Path(apps.get_app_config(app).path) / "sql" for app in APPS]
    files = [file for folder in folders for file in folder.rglob("*.sql")]
    assert [file.name for file in files if not file.read_text().startswith("-- ")] == []


def test_a_function_stands_in_the_file_of_its_name() -> None:
    for app in APPS:
        folder = Path(apps.get_app_config(app).path) / "sql" / "functions"
        stems = {file.stem for file in folder.glob("*.sql")}
        assert {statement.function for statement in present(app).values()} - {""} == stems


def test_no_table_has_two_triggers_for_one_timing(django_db_setup: None, db: None) -> None:
    """PostgreSQL fires triggers of one timing in the order of their names: with one of each, no name is code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tgrelid::regclass::text, event.name, tgtype & 67 AS timing, array_agg(tgname::text) FROM pg_trigger,
                (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) AS event (bit, name)
            WHERE NOT tgisinternal AND tgtype & event.bit <> 0 GROUP BY 1, 2, 3 HAVING count(*) > 1
            """
        )
        assert cursor.fetchall() == []


FUNCTION = "CREATE OR REPLACE FUNCTION f(_a int DEFAULT 1) RETURNS int LANGUAGE sql AS $$ SELECT {} $$"


def state(*lines: str) -> State:
    made = [Statement.of(line) for line in lines]
    return {statement.key: statement for statement in made}


def test_a_semicolon_in_a_body_a_text_or_a_comment_ends_no_statement() -> None:
    script = (
        "-- one; two\nGRANT SELECT ON t TO r; DO $x$ BEGIN; END $x$;\n-- three;\nCOMMENT ON TABLE t IS 'it''s; so';"
    )
    assert list(statements(script)) == [
        "GRANT SELECT ON t TO r",
        "DO $x$ BEGIN; END $x$",
        "COMMENT ON TABLE t IS 'it''s; so'",
    ]


def test_a_new_body_replaces_the_function_and_touches_nothing_else() -> None:
    old = state(FUNCTION.format(1), "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC")
    new = state(FUNCTION.format(2), "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC")
    assert changes(old, new) == [FUNCTION.format(2)]
    assert changes(new, old) == [FUNCTION.format(1)]


def test_a_function_with_another_result_is_dropped_and_granted_afresh() -> None:
    grant = "GRANT EXECUTE ON FUNCTION f(int) TO r"
    other = FUNCTION.format(1).replace("RETURNS int", "RETURNS text")
    assert changes(state(FUNCTION.format(1), grant), state(other, grant)) == [
        "REVOKE EXECUTE ON FUNCTION f(int) FROM r",
        "DROP FUNCTION f(_a int)",
        other,
        grant,
    ]


def test_a_changed_policy_is_made_anew_and_its_neighbour_stays() -> None:
    stays = "CREATE POLICY b ON t USING (true)"
    old, new = "CREATE POLICY a ON t USING (true)", "CREATE POLICY a ON t USING (false)"
    assert changes(state(old, stays), state(new, stays)) == ["DROP POLICY a ON t", new]


def test_what_is_taken_away_goes_in_reverse_order() -> None:
    made = state("CREATE SEQUENCE s", "ALTER TABLE t ADD CONSTRAINT c CHECK (true)", "GRANT SELECT ON t TO r")
    assert changes(made, {}) == ["REVOKE SELECT ON t FROM r", "ALTER TABLE t DROP CONSTRAINT c", "DROP SEQUENCE s"]


def test_a_statement_without_a_known_way_back_is_refused() -> None:
    with pytest.raises(UnknownStatement, match="ALTER TABLE t ADD COLUMN"):
        Statement.of("ALTER TABLE t ADD COLUMN c int")


def test_the_past_of_an_app_is_its_present() -> None:
    assert {key: statement.text for key, statement in past("audit").items()} == {
        key: statement.text for key, statement in present("audit").items()
    }


def test_a_migration_is_not_written_under_a_bad_name_nor_without_a_change() -> None:
    with pytest.raises(InvalidName, match="small letters"):
        write_migration("bookings", "Longer holds")
    assert write_migration("bookings", "nothing_new") is None


def test_the_command_says_what_it_needs_and_that_all_is_migrated(capsys: Any) -> None:
    call_command("makesqlmigration", check=True)
    with pytest.raises(CommandError, match="Say which app"):
        call_command("makesqlmigration")
    call_command("makesqlmigration", "bookings", "nothing_new")
    assert "Nothing in bookings/sql has changed." in capsys.readouterr().out
