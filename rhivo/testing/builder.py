"""The one builder of businesses: each test and attack gets a business of its own, committed, with people of each role.

Tests never clean up after each other: tenancy itself keeps them apart.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from bookings import operations
from bookings.contact import Contact
from bookings.models import Appointment, Reservation
from bookings.operations import Booked
from businesses.models import Business, Membership, Resource, Service, ServiceResource, ServiceStaff, Staff, User
from rhivo.claims import Claims, acting_as
from rhivo.clock import now
from rhivo.testing.database import as_role
from rhivo.testing.factories import (
    OPEN_ALL_DAY,
    BusinessFactory,
    MembershipFactory,
    ResourceFactory,
    ServiceFactory,
    ServiceResourceFactory,
    ServiceStaffFactory,
    StaffFactory,
    UserFactory,
    open_daily,
)

GINO = Contact("Gino", "gino@example.com", "")


def defaults(values: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    return values | chosen


@dataclass
class Shop:
    """A business, open every day from 08:00 to 20:00 on a 30-minute grid, with an owner, an employee and a customer."""

    business: Business
    owner: User
    employee: User
    customer: User
    services: dict[str, Service] = field(default_factory=dict)
    people: dict[str, Staff] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)

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

    def service(
        self, slug: str = "cut", *, staff: Iterable[str] = (), needs: Iterable[str] = (), **fields: Any
    ) -> Service:
        """Return a service, made at first mention: 30 minutes, one at a time, nobody in particular.

        `needs` are the kinds of resource that it uses.
        """
        if slug not in self.services:
            with self.changes():
                made = ServiceFactory.create(business=self.business, slug=slug, **fields)
                for person in staff:
                    ServiceStaffFactory.create(business=self.business, service=made, staff=self.person(person))
                for kind in needs:
                    ServiceResourceFactory.create(business=self.business, service=made, kind=kind)
            self.services[slug] = made
        return self.services[slug]

    def person(self, slug: str, **fields: Any) -> Staff:
        """Return a staff member, made at first mention."""
        if slug not in self.people:
            with self.changes():
                self.people[slug] = StaffFactory.create(business=self.business, slug=slug, **fields)
        return self.people[slug]

    def resource(self, slug: str, **fields: Any) -> Resource:
        """Return a resource, made at first mention: a room for one booking at a time."""
        if slug not in self.resources:
            with self.changes():
                self.resources[slug] = ResourceFactory.create(business=self.business, slug=slug, **fields)
        return self.resources[slug]

    def add_catalogue(
        self,
        people: dict[str, dict[str, Any]],
        services: dict[str, dict[str, Any]],
        resources: dict[str, dict[str, Any]],
    ) -> None:
        """Write people, services and resources at once, each by its slug with the model's fields.

        A service has two more: `staff`, the slugs of its people, and `needs`, kinds of resource. Call it under
        `changes`.
        """
        of = {"business": self.business}
        self.people.update({slug: StaffFactory.build(slug=slug, **of, **fields) for slug, fields in people.items()})
        self.resources.update(
            {slug: ResourceFactory.build(slug=slug, **of, **fields) for slug, fields in resources.items()}
        )
        staff = {slug: fields.pop("staff", ()) for slug, fields in services.items()}
        needs = {slug: fields.pop("needs", ()) for slug, fields in services.items()}
        made = {slug: ServiceFactory.build(slug=slug, **of, **fields) for slug, fields in services.items()}
        self.services.update(made)
        Staff.objects.bulk_create(self.people.values())
        Resource.objects.bulk_create(self.resources.values())
        Service.objects.bulk_create(self.services.values())
        ServiceStaff.objects.bulk_create(
            ServiceStaffFactory.build(service=made[slug], staff=self.people[person], **of)
            for slug, names in staff.items()
            for person in names
        )
        ServiceResource.objects.bulk_create(
            ServiceResourceFactory.build(service=made[slug], kind=kind, **of)
            for slug, kinds in needs.items()
            for kind in kinds
        )

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
        return UserFactory.create(name=name.title())


def make_shop(*, windows: Iterable[tuple[int, int]] = OPEN_ALL_DAY, **fields: Any) -> Shop:
    """Found a business with an owner, an employee and a customer with accounts, on one connection."""
    business = BusinessFactory.build(**fields)
    with as_role("worker"), transaction.atomic():
        # In bulk and on one connection: most tests make a shop.
        owner, employee, customer = User.objects.bulk_create(
            UserFactory.build(name=name) for name in ("Olga", "Ewa", "Carla")
        )
        shop = Shop(business, owner, employee, customer)
        with acting_as(shop.owners):
            # The id is there before the row (uuid4), so the claims can name it: the policy `operator_founds` asks for
            # that.
            business.save(force_insert=True)
            Membership.objects.bulk_create(
                MembershipFactory.build(business=business, user=user, role=role)
                for user, role in ((owner, "owner"), (employee, "staff"))
            )
            open_daily(business, windows)
    return shop
