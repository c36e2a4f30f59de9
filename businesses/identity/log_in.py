"""Turning a password or a refresh token into new tokens with claims, for the API."""

from datetime import datetime
from uuid import UUID

from businesses.events import record_log_in, record_refused_log_in
from businesses.identity.access_tokens import issue_pair, password_mark, read_token
from businesses.identity.email_backend import EmailBackend
from businesses.identity.workplace_roles import active_business, businesses_of_current_user, role_in
from businesses.models import User
from rhivo import claims
from rhivo.claims import Role
from rhivo.errors import EmailNotVerified, NotAuthenticated, NotFound


def log_in(email: str, password: str, *, subdomain: str | None, at: datetime) -> dict[str, str]:
    """Return tokens for a person in the named business; without one, in the first they work in, else as a customer.

    Raises NotAuthenticated for a wrong email or password alike, EmailNotVerified, or NotFound for no such business.
    """
    user = EmailBackend().authenticate(None, email, password)
    if user is None:
        raise NotAuthenticated("Email or password is wrong.")
    if user.email_verified_at is None:
        record_refused_log_in(user.id, "email is not verified")
        raise EmailNotVerified()
    business_id, role = _workplace_of(user, subdomain)
    # After the claims are the person's, which `_workplace_of` sees to: `record_event` takes a log-in from nobody else.
    record_log_in()
    return issue_pair(user, business_id=business_id, role=role, at=at)


def _workplace_of(user: User, subdomain: str | None) -> tuple[UUID | None, Role]:
    """Put the person's claims in force; return the business that the tokens are for, and their role there."""
    claims.assume(claims.current().with_(user_id=user.id))
    workplaces = businesses_of_current_user()
    if subdomain is None:
        return (workplaces[0][0], workplaces[0][3]) if workplaces else (None, "customer")
    # Their own workplaces first: people at work may log in to a business that is switched off, customers may not.
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
    # The signature has proved the id, and without its claim the account could not be read.
    claims.assume(claims.current().with_(user_id=said.user_id))
    user = User.objects.filter(pk=said.user_id, is_active=True).first()
    # A changed password ends all sessions: it was changed because somebody else may know the old one.
    if user is None or password_mark(user) != said.password_mark:
        raise NotAuthenticated("Log in again.")
    role = role_in(user.id, said.business_id) or "customer"
    return issue_pair(user, business_id=said.business_id, role=role, at=at)
