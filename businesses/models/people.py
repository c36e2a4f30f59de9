"""People who log in, and their roles in businesses.

An account belongs to the installation, not to a tenant: one person may be an owner here, staff there and a
customer elsewhere. What a person may do follows from the claims in force, never from a flag on the account.
"""

from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.db import models
from django.db.models.functions import Lower

from businesses.models.business import Business
from businesses.permissions import may
from rhivo import claims
from rhivo.db.history import because, no_more_reason


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account; without a password nobody can log in to it until one is set."""
        user = self.model(email=normalized_email(email), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user


def normalized_email(email: str) -> str:
    """Return an email address in the one form in which it is stored and compared."""
    return email.strip().lower()


class User(AbstractBaseUser):
    """An account. A membership makes its person owner or staff of a business; elsewhere they are a customer."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=32, blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # No such column: Django would write it at each log-in, and the history has the log-ins.
    last_login = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        db_table = "users"
        db_table_comment = "Accounts of people, one an installation, whatever they are to which business"
        ordering = ["name", "id"]
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_in_lower_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def check_password(self, raw_password: str | None) -> bool:
        """Whether this is the password; renews a hash of an older method, with a reason in the history."""

        def renew(password: str) -> None:
            self.set_password(password)
            # As AbstractBaseUser does: save() would else report a changed password to the password validators.
            self._password = None
            # The history would call it a changed password, which alarms whoever reads it.
            because("The same password: its hash was renewed at log-in.")
            self.save(update_fields=["password"])
            no_more_reason()

        return check_password(raw_password, self.password, renew)

    def get_full_name(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Whether the claims in force let this person into the back office; Django's admin asks by this name."""
        return claims.current().works_here

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Whether the role in force may do what Django calls `app.verb_model`."""
        # Not of this account but of the claims: the same person is owner here and a customer elsewhere.
        return self.is_active and may(claims.current(), permission)

    def has_module_perms(self, app: str) -> bool:
        return self.is_active and self.is_staff


class MembershipRole(models.TextChoices):
    OWNER = "owner", "Owner"
    STAFF = "staff", "Staff"


class Membership(models.Model):
    """A person's role in a business; who has none there is a customer."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=5, choices=MembershipRole.choices)
    # The same person among those who can be booked: which calendar is theirs. None for who only runs the business.
    staff = models.ForeignKey(
        "businesses.Staff", models.SET_NULL, null=True, blank=True, related_name="memberships", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    business_id: UUID
    user_id: UUID

    class Meta:
        db_table = "memberships"
        db_table_comment = "Who is owner or staff of which business"
        ordering = ["role", "created_at"]
        constraints = [
            models.UniqueConstraint(fields=["business", "user"], name="one_role_a_business"),
            models.CheckConstraint(condition=models.Q(role__in=MembershipRole.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"
