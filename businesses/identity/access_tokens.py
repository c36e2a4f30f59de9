"""Access and refresh tokens (JWT, RFC 7519): HS256 under JWT_SECRET, saying who a client is and for which business.

A token is proof of who asks, not of what they may: the database says that at each request.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args
from uuid import UUID, uuid4

import jwt
from django.conf import settings

from businesses.models import User
from rhivo.claims import Role
from rhivo.errors import NotAuthenticated, TokenExpired
from rhivo.tokens import token_hash

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
Kind = Literal["access", "refresh"]


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a valid token says. `password_mark` ties a refresh token to the password with which it was issued."""

    user_id: UUID | None
    business_id: UUID | None
    role: Role
    cancellation_token: str
    password_mark: str


def issue_pair(user: User, *, business_id: UUID | None, role: Role, at: datetime) -> dict[str, str]:
    """Return an access and a refresh token for a person in a business, or as a customer anywhere (None)."""
    # The mark is in the refresh token alone: a changed password ends a session at its next refresh, in 15 minutes.
    said = {
        "user_id": str(user.id),
        "business_id": str(business_id) if business_id else None,
        "role": role,
    }
    return {
        "access": _encode("access", said, at, ACCESS_LIFETIME),
        "refresh": _encode("refresh", said | {"password_mark": password_mark(user)}, at, REFRESH_LIFETIME),
    }


def issue_guest(cancellation_token_hash: str, *, at: datetime) -> str:
    """Return an access token for the one appointment that a cancellation token opens; it cannot be refreshed."""
    return _encode("access", {"cancellation_token": cancellation_token_hash}, at, ACCESS_LIFETIME)


def password_mark(user: User) -> str:
    """Return a mark that changes with the password and does not reveal it."""
    # `user.password` is a salted hash already; of its hash 64 bits are plenty to tell two passwords apart.
    return token_hash(user.password)[:16]


def read_token(token: str, *, kind: Kind) -> TokenClaims:
    """Return what a token says; raises TokenExpired or NotAuthenticated."""
    try:
        # The algorithm is fixed here: what the token's own header says, such as "none", does not count.
        said = jwt.decode(token, settings.JWT_SECRET, algorithms=["HS256"], options={"require": ["exp", "jti"]})
        if said.get("token_type") != kind:
            # Both kinds are signed with one key: without this a refresh token would open the API for 30 days.
            raise NotAuthenticated(f"This is no {kind} token.")
        return TokenClaims(
            user_id=_uuid(said.get("user_id")),
            business_id=_uuid(said.get("business_id")),
            role=_role(said.get("role")),
            cancellation_token=_hash(said.get("cancellation_token")),
            password_mark=_text(said.get("password_mark")),
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired() from error
    # PyJWT itself ends in a TypeError for an `iss` that is no text, and in a RecursionError for a deeply nested head,
    # which anybody can send: it is read before the signature is.
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError) as error:
        raise NotAuthenticated("The token is not valid.") from error


def _encode(kind: Kind, said: dict[str, Any], at: datetime, lifetime: timedelta) -> str:
    times = {"iat": int(at.timestamp()), "exp": int((at + lifetime).timestamp())}
    return jwt.encode(said | times | {"token_type": kind, "jti": uuid4().hex}, settings.JWT_SECRET, algorithm="HS256")


def _uuid(value: object) -> UUID | None:
    """Return a UUID given as text, or None for none; refuse anything else."""
    text = _text(value)
    return UUID(text) if text else None


def _role(value: object) -> Role:
    text = _text(value)
    if text not in get_args(Role):
        raise ValueError("not a role")
    return cast(Role, text)


def _hash(value: object) -> str:
    """Return a SHA-256 in hex, or '' for none; refuse anything else."""
    text = _text(value)
    if text and not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError("not a token hash")
    return text


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("not a text")  # ValueError, which `read_token` answers with 401: UUID(5) would be a 500
    return value
