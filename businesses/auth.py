"""Checking a password against an account that row security hides until it is known."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from businesses.events import refused_log_in
from businesses.models import User
from rhivo import claims
from rhivo.claims import acting_as
from rhivo.db.columns import columns_of


def find_user(email: str) -> User | None:
    """Return the account with exactly this email."""
    return next(iter(User.objects.raw(f"SELECT {columns_of(User)} FROM find_login(%s)", [email.strip()])), None)


class EmailBackend(BaseBackend):
    """Log in by email and password; who is disabled cannot. Sessions load their user under their own claims."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        user = find_user(username or "")
        if user is None:
            User().set_password(password)  # as slow for an unknown email as for a known one
            refused_log_in(None, "no such account")
            return None
        # Under the person's own claim, because an old hash is renewed on this occasion.
        with acting_as(claims.current().with_(user_id=user.id)):
            right = user.check_password(password or "")
        if right and user.is_active:
            return user
        refused_log_in(user.id, "account is disabled" if right else "wrong password")
        return None

    def get_user(self, user_id: str) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
