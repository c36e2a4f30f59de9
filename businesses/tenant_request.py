"""A request as the middleware hands it on: with its business and what was found of its identity."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.request import Request

from businesses.models import Business, User
from rhivo.errors import NotAuthenticated, NotFound


class TenantRequest(HttpRequest):
    """`business` is None on the installation's own addresses; `token_refusal` is the API's answer to a bad token."""

    business: Business | None
    request_id: str
    token_refusal: NotAuthenticated | None
    _cached_user: User | AnonymousUser


def business_of(request: HttpRequest | Request) -> Business:
    """Return the business whose address a request came to; raises NotFound elsewhere."""
    # DRF wraps the request, and reports an AttributeError of the inner one as its own.
    plain = request._request if isinstance(request, Request) else request
    business: Business | None = getattr(plain, "business", None)
    if business is None:
        raise NotFound("There is no such business.")
    return business


def named_id(value: str | None) -> UUID | None:
    """Return an id that a session keeps as text, None for none or for a text that is no id."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
