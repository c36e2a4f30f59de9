"""A person's role in a business now: the database says it, never a token or a session."""

from typing import cast
from uuid import UUID

from django.db import connection

from businesses.models import Business
from businesses.validators import SUBDOMAIN
from rhivo import claims
from rhivo.claims import Role
from rhivo.db.columns import columns_of


def role_in(user_id: UUID, business_id: UUID | None) -> Role | None:
    """Return owner, staff or customer; None for a person who is deleted, disabled or not the one of the claims."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT role_in(%s, %s)", [user_id, business_id])
        return cast(Role | None, cursor.fetchone()[0])


def businesses_of_current_user() -> list[tuple[UUID, str, str, Role]]:
    """Return (id, subdomain, name, role) of each business in which the signed-in person works, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_id, subdomain, name, role FROM my_businesses()")
        return cast(list[tuple[UUID, str, str, Role]], cursor.fetchall())


def active_business(subdomain: str) -> Business | None:
    """Return the active business at a subdomain."""
    if not SUBDOMAIN.fullmatch(subdomain.lower()):
        return None  # before the query: PostgreSQL refuses NUL in a text, which would be a 500
    return Business.objects.active().filter(subdomain=subdomain.lower()).first()


def enter_business(subdomain: str) -> Business | None:
    """Return the active business at a subdomain, and put its claim in force.

    In one round trip, since every request to a business asks this.
    """
    if not SUBDOMAIN.fullmatch(subdomain.lower()):
        return None
    found = Business.objects.raw(
        f"SELECT {columns_of(Business)}, set_config('rhivo.business_id', id::text, true)"
        " FROM businesses WHERE is_active AND subdomain = %s",
        [subdomain.lower()],
    )
    business = next(iter(found), None)
    # The statement has set the claim in the database; `note` keeps Python's side equal without sending it again.
    if business is not None:
        claims.note(claims.current().with_(business_id=business.id))
    return business
