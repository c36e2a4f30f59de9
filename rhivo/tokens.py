"""Secrets that travel in links. Derived, not stored: the database keeps only their SHA-256."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings


def guest_token(source_id: UUID) -> str:
    """Return the token with which a guest manages what was booked from a hold; `source_id` is the hold's id.

    What staff booked without a hold has its own id as source. HMAC-SHA256 under SECRET_KEY, 43 URL-safe characters.
    """
    # Derived from the id, so that a retried request and a mail sent later have the same one. The cost: another
    # SECRET_KEY ends all links.
    digest = hmac.digest(_key(b"guest token"), source_id.bytes, "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


def token_hash(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hex."""
    # Fast and without salt, unlike a password's hash: nobody guesses 256 random bits, and it must be found by equality.
    return hashlib.sha256(token.encode()).hexdigest()


def visitor_mark(who: str) -> str:
    """Return a keyed hash by which a visitor is counted, so that the address itself is not kept."""
    # Keyed: without a key one would hash all four billion IPv4 addresses and look the visitor up.
    return hmac.digest(_key(b"visitor"), who.encode(), "sha256").hex()


def _key(purpose: bytes) -> bytes:
    # One key a purpose: what is made for one can never be valid for another.
    return hmac.digest(settings.SECRET_KEY.encode(), b"rhivo " + purpose, "sha256")
