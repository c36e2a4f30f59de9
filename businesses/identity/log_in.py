"""Turning a password or a refresh token into tokens with claims."""

from datetime import datetime
from uuid import UUID

from businesses.events import logged_in, refused_log_in
from businesses.identity.access_tokens import issue_pair, password_mark, read_token
from businesses.identity.email_backend import EmailBackend
from businesses.identity.workplace_roles import active_business, businesses_of_current_user, role_in
from businesses.models import User
from rhivo import claims
from rhivo.claims import Role
from rhivo.errors import EmailNotVerified, NotAuthenticated, NotFound


def log_in(email: str, password: str, *, subdomain: str | None, at: datetime) -> dict[str, str]:
    """Return tokens for a person, in the named business, else the first they work in, else as a customer.

    Raises NotAuthenticated for a wrong email or password alike, EmailNotVerified, or NotFound for no such business.
    """
    user = EmailBackend().authenticate(None, email, password)
    if user is None:
        raise NotAuthenticated("Email or password is wrong.")
    if user.email_verified_at is None:
        refused_log_in(user.id, "email is not verified")
        raise EmailNotVerified()
    business_id, role = _place_of(user, subdomain)
    logged_in()
    return issue_pair(user, business_id=business_id, role=role, at=at)


def _place_of(user: User, subdomain: str | None) -> tuple[UUID | None, Role]:
    claims.assume(claims.current().with_(user_id=user.id))
    workplaces = businesses_of_current_user()
    if subdomain is None:
        return (workplaces[0][0], workplaces[0][3]) if workplaces else (None, "customer")
    for business_id, known_as, _, role in workplaces:
        if known_as == subdomain.lower():
            return business_id, role
    business = active_business(subdomain)
    if business is None:
        raise NotFound("There is no such business.")
    return business.id, "customer"


def refresh_tokens(token: str, *, at: datetime) -> dict[str, str]:
    """Return new tokens with the role of this moment; raises NotAuthenticated if the person or password changed."""
    said = read_token(token, kind="refresh")
    if said.user_id is None:
        raise NotAuthenticated()
    claims.assume(claims.current().with_(user_id=said.user_id))
    user = User.objects.filter(pk=said.user_id, is_active=True).first()
    if user is None or password_mark(user) != said.password_mark:
        raise NotAuthenticated("Log in again.")
    role = role_in(user.id, said.business_id) or "customer"
    return issue_pair(user, business_id=said.business_id, role=role, at=at)
