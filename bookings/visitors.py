"""Whose live holds are counted together: a signed-in person, else the client's address."""

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from rhivo import claims
from rhivo.tokens import visitor_mark
from rhivo.web.client_address import client_address


def visitor_of(request: HttpRequest | Request) -> str:
    """Return the mark under which a request's holds are limited; '' where limits are switched off."""
    if not settings.THROTTLE:
        return ""
    # An address may be shared by many. Whoever is signed in is counted alone.
    user_id = claims.current().user_id
    return visitor_mark(f"user {user_id}" if user_id else f"address {client_address(request)}")
