"""Checking a password against an account that row security hides until the person is known."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from businesses.events import record_refused_log_in
from businesses.models import User
from rhivo import claims
from rhivo.claims import acting_as
from rhivo.db.columns import columns_of


def find_user(email: str) -> User | None:
    """Return the account with exactly this email."""
    # No claims, no rows: `find_login` is SECURITY DEFINER and gives one account for its whole address, never a list.
    return next(iter(User.objects.raw(f"SELECT {columns_of(User)} FROM find_login(%s)", [email.strip()])), None)


class EmailBackend(BaseBackend):
    """Log in by email and password; who is disabled cannot. Sessions load their user under their own claims."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        user = find_user(username or "")
        # Under the person's own claim: `check_password` renews an old hash, and only the person may write it. For an
        # account that is unknown or disabled the same is asked and hashed, since the time that an answer takes must not
        # say which accounts exist.
        with acting_as(claims.current().with_(user_id=user.id if user else uuid4())):
            if user is None or not user.is_active:
                User().set_password(password)
                why = "no such account" if user is None else "account is disabled"
            elif user.check_password(password or ""):
                return user
            else:
                why = "wrong password"
        record_refused_log_in(user.id if user else None, why)
        return None

    def get_user(self, user_id: str) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
