"""A small cast for the tests: each test gets a business of its own, committed, with people who tell permission stories.

Tests never clean up after each other: tenancy itself keeps them apart.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from bookings import operations
from bookings.models import Appointment, Reservation
from bookings.operations import Booked
from bookings.operations.contact import Contact
from businesses.models import Availability, Business, Membership, Service, ServiceStaff, Staff, User
from rhivo.claims import Claims, acting_as
from rhivo.clock import now
from rhivo.testing.database import as_role

PASSWORD = "rhivo-test-password"
GINO = Contact("Gino", "gino@example.com", "")
_numbers = count(1)


def defaults(values: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    return values | chosen


def unique(prefix: str) -> str:
    """Return a name that no other test uses, on any process."""
    return f"{prefix}-{next(_numbers)}-{uuid4().hex[:10]}"


@dataclass
class Shop:
    """A business, open every day from 08:00 to 20:00 on a 30-minute grid, and whoever has to do with it."""

    business: Business
    owner: User
    employee: User
    customer: User
    services: dict[str, Service] = field(default_factory=dict)
    people: dict[str, Staff] = field(default_factory=dict)

    @property
    def public(self) -> Claims:
        return Claims(business_id=self.business.id)

    @property
    def owners(self) -> Claims:
        return Claims(business_id=self.business.id, user_id=self.owner.id, role="owner")

    @property
    def employees(self) -> Claims:
        return Claims(business_id=self.business.id, user_id=self.employee.id, role="staff")

    @property
    def customers(self) -> Claims:
        return Claims(business_id=self.business.id, user_id=self.customer.id, role="customer")

    @property
    def api(self) -> str:
        return f"/api/v1/businesses/{self.business.subdomain}"

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Act as the owner on a worker's connection, as operators do; what changes is committed."""
        with as_role("worker"), acting_as(self.owners), transaction.atomic():
            yield

    def service(self, slug: str = "cut", *, staff: Iterable[str] = (), **fields: Any) -> Service:
        """Return a service, made at first mention: 30 minutes, one at a time, nobody in particular."""
        if slug not in self.services:
            with self.changes():
                values = {"name": slug.title(), "duration_minutes": 30, "price_cents": 2500} | fields
                made = Service.objects.create(business=self.business, slug=slug, **values)
                for person in staff:
                    ServiceStaff.objects.create(business=self.business, service=made, staff=self.person(person))
            self.services[slug] = made
        return self.services[slug]

    def person(self, slug: str) -> Staff:
        """Return a staff member, made at first mention."""
        if slug not in self.people:
            with self.changes():
                self.people[slug] = Staff.objects.create(business=self.business, slug=slug, name=slug.title())
        return self.people[slug]

    def at(self, clock: str = "10:00", *, days: int = 3) -> datetime:
        """Return a local time some days from today as an instant."""
        day = datetime.now(self.business.zone).date() + timedelta(days=days)
        return datetime.combine(day, time.fromisoformat(clock), self.business.zone).astimezone(UTC)

    def hold(self, start: datetime, service: Service | None = None, **options: Any) -> Reservation:
        """Hold as the public, or under the claims given as `claims`."""
        with acting_as(options.pop("claims", self.public)):
            held = operations.hold_slot(
                business=self.business,
                service=service or self.service(),
                start=start,
                **defaults({"key": uuid4().hex, "at": now()}, options),
            )
        return held.reservation

    def commit(self, hold: Reservation, contact: Contact = GINO, **options: Any) -> Booked:
        """Commit a hold as the public, or under the claims given as `claims`."""
        with acting_as(options.pop("claims", self.public)):
            return operations.commit_hold(
                business=self.business,
                reservation_id=hold.id,
                contact=contact,
                **defaults({"key": uuid4().hex, "at": now()}, options),
            )

    def book(self, start: datetime, service: Service | None = None, **options: Any) -> Appointment:
        """Book as a guest."""
        return self.commit(self.hold(start, service), **options).appointment

    def book_by_staff(self, start: datetime, service: Service | None = None, **options: Any) -> Appointment:
        """Book on the phone, as staff."""
        with acting_as(options.pop("claims", self.employees)):
            return operations.book_for_customer(
                business=self.business,
                service=service or self.service(),
                start=start,
                **defaults({"contact": GINO, "key": uuid4().hex, "at": now()}, options),
            ).appointment


def make_user(name: str) -> User:
    """Create a verified account with the tests' password, as an operator would."""
    with as_role("worker"):
        return _saved_users(name)[0]


def make_shop(**fields: Any) -> Shop:
    """Found a business with an owner, an employee and a customer with accounts, on one connection."""
    business = Business(
        **({"subdomain": unique("shop"), "name": "Shop", "timezone": "Europe/Rome", "currency": "EUR"} | fields)
    )
    with as_role("worker"), transaction.atomic():
        owner, employee, customer = _saved_users("olga", "ewa", "carla")
        shop = Shop(business, owner, employee, customer)
        with acting_as(shop.owners):
            business.save(force_insert=True)
            Membership.objects.bulk_create(
                Membership(business=business, user=user, role=role)
                for user, role in ((owner, "owner"), (employee, "staff"))
            )
            Availability.objects.bulk_create(
                Availability(business=business, weekday=day, opens=8 * 60, closes=20 * 60) for day in range(7)
            )
    return shop


def _saved_users(*names: str) -> list[User]:
    made = [
        User(
            email=f"{unique(name)}@example.com",
            name=name.title(),
            password=_hashed_password(settings.PASSWORD_HASHERS[0]),
            email_verified_at=now(),
        )
        for name in names
    ]
    return User.objects.bulk_create(made)


@cache
def _hashed_password(hasher: str) -> str:
    """Hash the tests' password once for each hasher: doing it slowly is the point of a good one."""
    return make_password(PASSWORD)
