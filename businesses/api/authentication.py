"""Who may ask: what the middleware found in the bearer token, for DRF and for views.

The identity is in the claims, where row security reads it too. `request.user` and `request.auth` stay empty.
"""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from rhivo import claims
from rhivo.claims import Claims
from rhivo.errors import Forbidden, NotAuthenticated


class TokenAuthentication(BaseAuthentication):
    """Refuse a bad token, also where none was needed."""

    def authenticate(self, request: Request) -> None:
        # Kept by the middleware and raised here, so that DRF's exception handler answers for it like for the rest.
        refusal = getattr(request._request, "token_refusal", None)
        if refusal is not None:
            raise refusal

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="rhivo"'


def require_identity() -> Claims:
    """Return the claims of a person or guest; raises NotAuthenticated for anyone else."""
    # A guest has no account: the token of their appointment is all the identity there is.
    acting = claims.current()
    if acting.user_id is None and not acting.cancellation_token:
        raise NotAuthenticated()
    return acting


def require_work() -> Claims:
    """Return the claims of staff or owner; raises NotAuthenticated or Forbidden for anyone else."""
    acting = require_identity()
    if not acting.works_here:
        raise Forbidden("Only the people at work in a business may do this.")
    return acting


# Found by drf-spectacular through its base class, once this module is imported.
class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
