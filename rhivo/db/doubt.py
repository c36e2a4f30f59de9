"""A COMMIT that was sent and not answered: it may have happened or not, and only asking again can tell."""

from django.db import OperationalError


class CommitInDoubt(OperationalError):
    """The connection was lost while COMMIT was under way."""
