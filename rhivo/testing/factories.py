"""One factory for each row that makes up a business: what a test does not name has a plain default.

`create` writes one row, `build` makes one to be written in bulk. A factory sets no claims: the caller acts as
the business's owner, since row-level security binds the builder too.
"""

from collections.abc import Iterable
from functools import cache
from itertools import count
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from factory.declarations import LazyAttribute, LazyFunction
from factory.django import DjangoModelFactory

from businesses.models import (
    Availability,
    Business,
    Category,
    Membership,
    Resource,
    Service,
    ServiceResource,
    ServiceStaff,
    Staff,
    User,
)
from rhivo.clock import now

PASSWORD = "rhivo-test-password"
OPEN_ALL_DAY = ((8 * 60, 20 * 60),)
# The number keeps names in order within a process, the random part keeps processes apart.
_numbers = count(1)


def unique(prefix: str) -> str:
    """Return a name that no other test uses, on any process."""
    return f"{prefix}-{next(_numbers)}-{uuid4().hex[:10]}"


@cache
def _hashed_password(hasher: str) -> str:
    """Hash the tests' password once for each hasher: doing it slowly is the point of a good one."""
    return make_password(PASSWORD)


class BusinessFactory(DjangoModelFactory[Business]):
    class Meta:
        model = Business

    subdomain = LazyFunction(lambda: unique("shop"))
    name = "Shop"
    timezone = "Europe/Rome"
    currency = "EUR"


class UserFactory(DjangoModelFactory[User]):
    """A verified account with the tests' password; its address begins with the name."""

    class Meta:
        model = User

    name = "Olga"
    email = LazyAttribute(lambda user: f"{unique(user.name.lower())}@example.com")
    # Lazy: tests change PASSWORD_HASHERS, and a hash of another hasher would be renewed at log-in.
    password = LazyFunction(lambda: _hashed_password(settings.PASSWORD_HASHERS[0]))
    email_verified_at = LazyFunction(now)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    role = "staff"


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = "Hair"


class StaffFactory(DjangoModelFactory[Staff]):
    class Meta:
        model = Staff

    slug = LazyFunction(lambda: unique("person"))
    name = LazyAttribute(lambda person: person.slug.title())


class ServiceFactory(DjangoModelFactory[Service]):
    """30 minutes, one at a time, nobody in particular."""

    class Meta:
        model = Service

    slug = LazyFunction(lambda: unique("service"))
    name = LazyAttribute(lambda service: service.slug.title())
    duration_minutes = 30
    price_cents = 2500


class ServiceStaffFactory(DjangoModelFactory[ServiceStaff]):
    class Meta:
        model = ServiceStaff


class ResourceFactory(DjangoModelFactory[Resource]):
    class Meta:
        model = Resource

    slug = LazyFunction(lambda: unique("room"))
    name = LazyAttribute(lambda resource: resource.slug.title())
    kind = "room"


class ServiceResourceFactory(DjangoModelFactory[ServiceResource]):
    class Meta:
        model = ServiceResource


class AvailabilityFactory(DjangoModelFactory[Availability]):
    """A row of hours: it needs a weekday, or a first and a last date."""

    class Meta:
        model = Availability


def open_daily(
    business: Business, windows: Iterable[tuple[int, int]] = OPEN_ALL_DAY, *, staff: Staff | None = None
) -> list[Availability]:
    """Write the hours "these windows, every day", in minutes since midnight; of one person if one is given."""
    return Availability.objects.bulk_create(
        AvailabilityFactory.build(business=business, staff=staff, weekday=day, opens=opens, closes=closes)
        for opens, closes in windows
        for day in range(7)
    )
