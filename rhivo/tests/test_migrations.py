"""Every migration goes forth and back, leaves nothing behind, and promises what is on record."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from rhivo.db.promises import broken_promises
from rhivo.db.sql_objects import APPS
from rhivo.testing.database import URL_OF, as_role, in_database

pytestmark = pytest.mark.django_db(transaction=True)
LEFT_OVERS = """
    SELECT 'relation ' || relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S', 'm')
          AND relname NOT LIKE 'django_migrations%'
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
        WHERE pronamespace = 'public'::regnamespace AND r.rolname = 'rhivo_owner'
    UNION ALL
    SELECT 'type ' || typname FROM pg_type t JOIN pg_roles r ON r.oid = t.typowner
        WHERE typnamespace = 'public'::regnamespace AND r.rolname = 'rhivo_owner' AND typtype IN ('e', 'd')
    ORDER BY 1
"""


@pytest.fixture
def fresh(django_db_setup: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log in as the owner on an empty database."""
    name = f"test_migrations_{uuid4().hex[:12]}"
    owner_url = os.environ[URL_OF["owner"]]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            monkeypatch.setenv(URL_OF["owner"], in_database(owner_url, name))
            with as_role("owner"):
                yield
        finally:
            owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def left_overs() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OVERS)
        return [str(row[0]) for row in cursor.fetchall()]


def test_zero_to_head_to_zero_to_head_keeps_all_promises_and_leaves_nothing(fresh: None) -> None:
    for _ in range(2):
        call_command("migrate", verbosity=0)
        assert broken_promises() == []
        for app in reversed(MigrationLoader(connection).graph.leaf_nodes()):
            call_command("migrate", app[0], "zero", verbosity=0)
        assert left_overs() == []
    call_command("migrate", verbosity=0)
    assert broken_promises() == []


def test_every_table_of_ours_says_what_it_is_for(django_db_setup: None) -> None:
    tables = {model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND obj_description(oid, 'pg_class') IS NULL"
        )
        silent = {row[0] for row in cursor.fetchall()}
    assert tables & silent == set()


def test_models_and_migrations_say_the_same(django_db_setup: None, capsys: Any) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
