"""Secrets that travel in links. Derived, not stored: the database keeps only their SHA-256."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings


def guest_token(source_id: UUID) -> str:
    """Return the token by which a guest manages the booking made from a hold (or by staff, from its own id).

    HMAC-SHA256 under SECRET_KEY, 43 URL-safe characters; the same each time, so that a retried request gets it again.
    """
    digest = hmac.digest(_key(b"guest token"), source_id.bytes, "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


def token_hash(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def visitor_mark(who: str) -> str:
    """Return a keyed hash by which a visitor's holds are counted without keeping the address itself."""
    return hmac.digest(_key(b"visitor"), who.encode(), "sha256").hex()


def _key(purpose: bytes) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"rhivo " + purpose, "sha256")
