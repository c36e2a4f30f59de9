"""Whose guesses at a password are counted together.

Guesses at an account are counted from wherever they come, or many addresses would have as many tries each. A stranger
who uses them all up must not lock out the person: a browser that has logged in to the account before carries a cookie
that says so, and is counted on its own.
"""

import secrets
from typing import TypeVar

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase

from rhivo.tokens import token_hash

COOKIE = f"{settings.COOKIE_PREFIX}known"
LIFETIME = 365 * 24 * 3600
_signer = TimestampSigner(salt="businesses.known_browsers")
R = TypeVar("R", bound=HttpResponseBase)


def account(email: str, request: HttpRequest | None = None) -> str:
    """Return under what a try at an account counts: the account's, or that of a browser which knows its password."""
    plain = email.strip().lower()
    mark = _mark(request, plain) if request is not None else ""
    return f"account {plain} {mark}"


def remember(response: R, email: str) -> R:
    """Let a browser that has logged in keep the proof of it for a year."""
    value = _signer.sign_object([token_hash(email.strip().lower()), secrets.token_urlsafe(12)])
    response.set_cookie(
        COOKIE, value, max_age=LIFETIME, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
    return response


def _mark(request: HttpRequest, email: str) -> str:
    """Return what tells a browser that knows the account from others, '' for one that does not."""
    try:
        known, mark = _signer.unsign_object(request.COOKIES.get(COOKIE, ""), max_age=LIFETIME)
    except (BadSignature, ValueError, TypeError):
        return ""
    return str(mark) if known == token_hash(email) else ""
