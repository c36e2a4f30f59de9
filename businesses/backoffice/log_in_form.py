"""The log-in of the back office: by email, with counted attempts, for people who work somewhere."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from businesses.events import record_log_in, record_refused_log_in
from businesses.identity.known_browsers import account
from businesses.identity.workplace_roles import businesses_of_current_user
from businesses.models import Business, User
from rhivo import claims
from rhivo.errors import EmailNotVerified, Throttled
from rhivo.text.plurals import counted
from rhivo.web.throttling import throttle

CUSTOMER = "This is a customer's account. The back office is for a business's owner and staff."
ELSEWHERE = "You do not work at {}. Log in with an account that does."


class LoginForm(AuthenticationForm):
    """Email and password. Says why an account with the right password may not come in."""

    error_messages = AuthenticationForm.error_messages | {"invalid_login": "Email or password is wrong."}

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "Email"
        self.fields["username"].widget.input_type = "email"
        self.fields["username"].widget.attrs["autocomplete"] = "email"

    def clean(self) -> dict[str, Any]:
        # Before the password is hashed: a guess too many costs nothing.
        try:
            throttle(self.request, "account", who=account(self.cleaned_data.get("username", ""), self.request))
        except Throttled as refusal:
            wait = counted(refusal.extra["retry_after"], "second")
            raise ValidationError(f"Too many attempts: wait {wait}.", code="throttled") from refusal
        cleaned: dict[str, Any] = super().clean()
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        """Put the person's own claims in force; raises ValidationError if they may not come in here."""
        own = claims.current().with_(user_id=user.id)
        # Where somebody works is shown to themselves alone. The claims end with the block if they may not come in.
        with claims.acting_as(own):
            problem = _obstacle(user, getattr(self.request, "business", None))
        if problem:
            record_refused_log_in(
                user.id, "email is not verified" if user.email_verified_at is None else "does not work here"
            )
            raise ValidationError(problem, code="not_here")
        claims.assume(own)
        record_log_in()

    def get_invalid_login_error(self) -> ValidationError:
        return ValidationError(self.error_messages["invalid_login"], code="invalid_login")


def why_not_here(request: HttpRequest) -> str:
    """Return what keeps the person who is logged in out of this back office, '' for nothing or nobody."""
    user = request.user
    return _obstacle(user, getattr(request, "business", None)) if isinstance(user, User) else ""


def _obstacle(user: User, business: Business | None) -> str:
    if user.email_verified_at is None:
        return EmailNotVerified().detail
    workplaces = [business_id for business_id, *_ in businesses_of_current_user()]
    if not workplaces:
        return CUSTOMER
    return ELSEWHERE.format(business.name) if business and business.id not in workplaces else ""


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Changes one's own password."""

    def save(self, commit: bool = True) -> User:
        user: User = self.user
        user.set_password(self.cleaned_data["new_password1"])
        # Django would save all fields. The database grants these people no more than this column of their account.
        user.save(update_fields=["password"])
        return user
