"""What the tests of the history share: reading it as the worker, and breaking it as a superuser could."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.core.management import CommandError, call_command
from django.db import connection

from audit.chain.seal import seal_history
from audit.models import AuditLog
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role, in_database

SCRIPT = Path(__file__).resolve().parents[1] / "verify_export.py"
Superuser = psycopg.Connection[Any]


def entries(business_id: UUID, *entities: str) -> list[AuditLog]:
    """Return a business's entries in order, of some entities only if they are named."""
    with as_role("worker"):
        found = AuditLog.objects.filter(business_id=business_id).order_by("id")
        return list(found.filter(entity__in=entities) if entities else found)


def seal(shop: Shop, *, limit: int = 10_000) -> int | None:
    with as_role("worker"):
        return seal_history(shop.business.id, limit=limit)


def run(command: str, *arguments: str) -> tuple[int, str]:
    """Run a command as an operator does; return its exit code and all it said."""
    out = StringIO()
    try:
        with as_role("worker"):
            call_command(command, *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def verify(shop: Shop, *more: str) -> tuple[int, str]:
    return run("verify_audit", "--business", shop.business.subdomain, *more)


def export(shop: Shop, *more: str) -> list[dict[str, Any]]:
    """Return the lines of an export of a business."""
    code, said = run("export_audit", "--business", shop.business.subdomain, *more)
    assert code == 0, said
    return [json.loads(line) for line in said.split("\n") if line]


def script(lines: list[dict[str, Any]]) -> tuple[int, str]:
    """Run the stand-alone verifier over lines; return its exit code and what it said."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "-"], input=text, capture_output=True, text=True, encoding="utf-8"
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def superuser() -> Iterator[Superuser]:
    """Log in to the test database as one whom neither grants nor triggers stop."""
    database = os.environ["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(in_database(os.environ["TEST_ADMIN_URL"], database), autocommit=True) as intruder:
        intruder.execute("SET session_replication_role = replica")
        yield intruder


def at_repeatable_read(call: Callable[[], Any]) -> Any:
    """Call something whose transactions are of that level."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_isolation TO 'repeatable read'")
        try:
            return call()
        finally:
            cursor.execute("RESET default_transaction_isolation")
