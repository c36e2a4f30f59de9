"""A business for one round of an attack, made as operators make one, and a connection to look at it with."""

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import argon2
import jwt
import psycopg

from rhivo.testing.attacks.attacked_installation import OwnInstallation

SERVICES: list[dict[str, Any]] = [
    {"slug": "cut", "name": "Cut", "duration_minutes": 30},
    {"slug": "chair", "name": "Chair", "duration_minutes": 30, "staff": ["anna", "bob"]}
    | {"max_simultaneous_bookings": 3},
    {"slug": "class", "name": "Class", "duration_minutes": 60, "staff": ["anna"], "group": True}
    | {"max_simultaneous_bookings": 8},
]
PEOPLE = [{"slug": "anna", "name": "Anna"}, {"slug": "bob", "name": "Bob"}]
ALWAYS = [["00:00", "24:00"]]
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class CrashBusiness:
    """What clients must know of a business: its address, its services, and how its owner logs in."""

    id: UUID
    subdomain: str
    owner: str
    password: str
    staff_token: str
    services: tuple[str, ...] = tuple(service["slug"] for service in SERVICES)

    @property
    def api(self) -> str:
        return f"/api/v1/businesses/{self.subdomain}"


def found(installation: OwnInstallation, name: str, **more: Any) -> CrashBusiness:
    """Found a business that is open round the clock, in UTC unless `more` says otherwise."""
    subdomain = f"{name}-{uuid4().hex[:10]}"
    owner, password = f"owner@{subdomain}.example", "rhivo-proving-password"
    tenant = {
        "subdomain": subdomain,
        "name": name.title(),
        "timezone": "UTC",
        "currency": "EUR",
        "booking": {"slot_interval_minutes": 30, "min_notice_minutes": 0, "max_advance_days": 730, "hold_minutes": 5},
        "policy": {"cancellation_deadline_hours": 0, "reschedule_deadline_hours": 0},
        "hours": dict.fromkeys(WEEK, ALWAYS),
        "staff": PEOPLE,
        "categories": [{"name": "All", "services": SERVICES}],
        "owner": {"email": owner, "name": "Olga"},
    }
    file = installation.folder / f"{subdomain}.json"
    file.write_text(json.dumps(tenant | more))
    manage(installation, "import_business", str(file), role="worker")
    with as_owner(installation) as database:
        # Set by hand: the import invites the owner by mail, and nobody reads it here.
        row = database.execute(
            "UPDATE users SET password = %s, email_verified_at = now() WHERE email = %s"
            " RETURNING id, (SELECT id FROM businesses WHERE subdomain = %s)",
            [_hashed(password), owner, subdomain],
        ).fetchone()
    assert row is not None
    user_id, business_id = row
    return CrashBusiness(business_id, subdomain, owner, password, _token(installation, user_id, business_id))


def manage(installation: OwnInstallation, command: str, *arguments: str, role: str) -> str:
    """Run a `manage.py` command of the installation to its end; raise CalledProcessError with what it said."""
    child = installation.spawn(command, "manage.py", command, *arguments, role=role)
    code = child.process.wait()
    installation.children.remove(child)
    said = child.tail(200)
    if code:
        raise subprocess.CalledProcessError(code, command, said)
    return said


def as_owner(installation: OwnInstallation) -> "psycopg.Connection[Any]":
    """Open a connection that sees every row, in autocommit."""
    return psycopg.connect(installation.environment["MIGRATION_DATABASE_URL"], autocommit=True, connect_timeout=5)


def _hashed(password: str) -> str:
    """Return what Django's Argon2 hasher keeps of a password."""
    # The parameters are those of Django's Argon2PasswordHasher. Of other ones the log-in would renew the hash. This
    # module knows no Django.
    return "argon2" + argon2.PasswordHasher(time_cost=2, memory_cost=102400, parallelism=8).hash(password)


def _token(installation: OwnInstallation, user_id: UUID, business_id: UUID) -> str:
    """Return an access token as a log-in gives it, good for this round."""
    # Made by hand: no web server runs yet that could be asked for one.
    at = datetime.now(UTC)
    said = {
        "user_id": str(user_id),
        "business_id": str(business_id),
        "role": "owner",
        "token_type": "access",
        "jti": uuid4().hex,
        "iat": at,
        "exp": at + timedelta(hours=1),
    }
    return jwt.encode(said, installation.environment["JWT_SECRET"], algorithm="HS256")
