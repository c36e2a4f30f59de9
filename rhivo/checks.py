"""System checks: a setting or a database that would break a promise, each with the cure.

Those that ask the database run with `check --database default`, that of the static files with `check --deploy`. In
production all of them run before a web process starts, and those of the settings before a worker or beat does.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.db import connection

# The tag of what only a web process needs: `migrate` and the worker do without.
SERVING = "serving"
NOT_COLLECTED = list(StaticFilesConfig.ignore_patterns)
# FORCE, since row security does not bind a table's owner otherwise. One without a policy would be closed, but to all.
TENANT_TABLES_OPEN = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'business_id'
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity
               AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1
"""
ROLE = """
    SELECT rolname, rolsuper, rolbypassrls, EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = r.oid)
    FROM pg_roles r WHERE rolname = current_user
"""


def settings_are_safe(**_: Any) -> list[checks.CheckMessage]:
    """Check what can be told from the settings alone."""
    found: list[checks.CheckMessage] = []
    if settings.TIME_ZONE != "UTC" or not settings.USE_TZ:
        found.append(
            checks.Error("TIME_ZONE is not UTC.", hint="Set TIME_ZONE = 'UTC' and USE_TZ = True.", id="rhivo.E003")
        )
    if settings.PRODUCTION:
        found += [
            checks.Error(message, hint=cure, id=check_id)
            for is_faulty, check_id, message, cure in _faults_in_production()
            if is_faulty
        ]
    return found


def _faults_in_production() -> list[tuple[bool, str, str, str]]:
    """Return, for each setting that production needs: whether it is at fault, the check's id, the fault, the cure."""
    return [
        (
            not settings.SECRETS_GIVEN,
            "rhivo.E004",
            "A secret is missing.",
            "Set SECRET_KEY and JWT_SECRET in the environment.",
        ),
        (not settings.THROTTLE, "rhivo.E005", "Rate limits are off in production.", "Unset RHIVO_THROTTLE."),
        # The console's backend reports success, so that each message would be marked as sent and never arrive.
        (
            settings.EMAIL_BACKEND == settings.CONSOLE_EMAIL_BACKEND,
            "rhivo.E007",
            "Mails would be written to the console and count as sent.",
            "Set EMAIL_URL to a mail server, such as smtp+tls://user:password@mail.example.com:587.",
        ),
        # The memory of one process: another one counts its own tries, and no worker hears what a web process asks for.
        (
            not settings.REDIS_URL,
            "rhivo.E008",
            "There is no Redis: each process would count rate limits alone, and the worker would get no tasks.",
            "Set REDIS_URL to a Valkey or Redis, such as redis://:password@127.0.0.1:6379/0.",
        ),
    ]


def static_files_are_collected(**_: Any) -> list[checks.CheckMessage]:
    """Check that pages will find their stylesheets and scripts: without an entry in the manifest a page is a 500."""
    # Asked of the storage, not of PRODUCTION: what counts is whether pages will look into a manifest.
    if not hasattr(staticfiles_storage, "hashed_files"):
        return []  # without a manifest, as in development, files are found where they lie
    known = staticfiles_storage.hashed_files
    missing = sorted({name for finder in get_finders() for name, _ in finder.list(NOT_COLLECTED)} - set(known))
    if not missing:
        return []
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return [
        checks.Error(
            f"Static files are not collected: {missing[0]}{more}.",
            hint=f"Run RHIVO_ENV=production python manage.py collectstatic --no-input, to fill {settings.STATIC_ROOT}.",
            id="rhivo.E006",
        )
    ]


def database_is_safe(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Check that this process's role is bound by row security, and that every tenant table has it."""
    # Django passes no databases to a plain `check`, which must work where none can be reached, as in a build.
    if not databases or "default" not in databases:
        return []
    return [*_role_is_restricted(), *_tables_are_closed()]


def _role_is_restricted() -> list[checks.CheckMessage]:
    if settings.DATABASE_ROLE == "owner":
        return []  # runs `migrate`, and serves nobody
    with connection.cursor() as cursor:
        cursor.execute(ROLE)
        name, superuser, bypasses, owns = cursor.fetchone()
    faults = [
        fault
        for fault, found in (("a superuser", superuser), ("BYPASSRLS", bypasses), ("the owner of tables", owns))
        if found
    ]
    return (
        [
            checks.Error(
                f"This process logs in as {name}, which is {' and '.join(faults)}: row security does not bind it.",
                hint="Let DATABASE_URL log in as rhivo_app and WORKER_DATABASE_URL as rhivo_worker.",
                id="rhivo.E001",
            )
        ]
        if faults
        else []
    )


def _tables_are_closed() -> list[checks.CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute(TENANT_TABLES_OPEN)
        return [
            checks.Error(
                f"Table {table} has a business_id but no forced row security with policies.",
                hint="Add a migration with ENABLE and FORCE ROW LEVEL SECURITY and its policies: see docs/database.md.",
                id="rhivo.E002",
            )
            for (table,) in cursor.fetchall()
        ]
