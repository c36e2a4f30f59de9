"""Which log-in attempts are counted together.

Attempts at one account are counted wherever they come from: counted by address, a thousand addresses would have a
thousand times the tries. But a stranger who uses up the tries must not lock the person out. So a browser that has
logged in to the account before carries a cookie that proves it, and is counted by itself.
"""

import secrets
from typing import TypeVar

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase

from businesses.models import normalized_email
from rhivo.tokens import token_hash

COOKIE = f"{settings.COOKIE_PREFIX}known"
LIFETIME = 365 * 24 * 3600
_signer = TimestampSigner(salt="businesses.known_browsers")
R = TypeVar("R", bound=HttpResponseBase)


def account(email: str, request: HttpRequest | None = None) -> str:
    """Return the name under which an attempt is counted: the account's, or that of a browser which knew its password.

    Raises nothing: a forged, old or foreign cookie is as good as none.
    """
    plain = normalized_email(email)
    mark = _mark(request, plain) if request is not None else ""
    return f"account {plain} {mark}"


def remember(response: R, email: str) -> R:
    """Give a browser that has logged in the cookie that proves it, for a year."""
    # The random part tells browsers apart: a stolen cookie uses up the tries of one browser alone. Of the email only a
    # hash is in it, since cookies end up in logs.
    value = _signer.sign_object([token_hash(normalized_email(email)), secrets.token_urlsafe(12)])
    response.set_cookie(
        COOKIE, value, max_age=LIFETIME, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
    return response


def _mark(request: HttpRequest, email: str) -> str:
    """Return the random part of a browser's cookie for this account, '' if it has none."""
    try:
        known, mark = _signer.unsign_object(request.COOKIES.get(COOKIE, ""), max_age=LIFETIME)
    except (BadSignature, ValueError, TypeError):
        return ""
    return str(mark) if known == token_hash(email) else ""
