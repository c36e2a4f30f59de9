"""Invitations: a link by which someone proves their address and sets a password, once, within a week.

Signed, not stored: the token carries a mark of the password that it replaces, and is void as soon as one is set.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

from businesses.identity.access_tokens import password_mark
from businesses.models import User
from rhivo.db.operation import operation
from rhivo.errors import RhivoError

LIFETIME = timedelta(days=7)
_signer = TimestampSigner(salt="businesses.invitation")


class InvitationOver(RhivoError):
    """This invitation has been used or has run out: log in, or ask this installation's operator for a password."""

    code = "INVITATION_OVER"


def invitation_token(user: User) -> str:
    """Return the token with which a person can set the password of this account, once, for LIFETIME from now."""
    return _signer.sign_object([str(user.id), password_mark(user)])


def invited_id(token: str) -> UUID:
    """Return whose account a token is for; raises InvitationOver if it is forged or too old."""
    return UUID(_content(token)[0])


@operation
def accept_invitation(*, token: str, password: str, at: datetime) -> User:
    """Set the password and mark the address as verified, under the invited person's own claims; once a token.

    Raises InvitationOver.
    """
    # Locked before the mark is compared: of two requests with one token the second waits here, then finds another mark.
    user = invited_user(token, lock=True)
    user.set_password(password)
    user.email_verified_at = user.email_verified_at or at
    user.save(update_fields=["password", "email_verified_at"])
    return user


def invited_user(token: str, *, lock: bool = False) -> User:
    """Return the account, under the invited person's own claims; raises InvitationOver once a password was set."""
    user_id, mark = _content(token)
    users = User.objects.select_for_update() if lock else User.objects
    user = users.filter(pk=user_id, is_active=True).first()
    if user is None or password_mark(user) != mark:
        raise InvitationOver()
    return user


def _content(token: str) -> list[Any]:
    try:
        content: list[Any] = _signer.unsign_object(token, max_age=LIFETIME)
    except BadSignature as error:
        raise InvitationOver() from error
    return content
