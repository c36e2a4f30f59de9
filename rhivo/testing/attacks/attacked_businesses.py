"""The businesses that are attacked: unlisted, founded for one attack, switched off after it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from businesses.models import Business, Resource, Service, Staff
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop, make_shop
from rhivo.testing.database import as_role
from rhivo.testing.oracles import oracle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Zones that never change their clocks, by their offset in minutes: changes of clocks are another attack.
ZONES = {0: "UTC", 330: "Asia/Kolkata", -420: "America/Phoenix"}


def instant(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def minute_of(moment: datetime) -> int:
    return int((moment - EPOCH).total_seconds() // 60)


def usual_services() -> dict[str, oracle.Service]:
    """Return services that get in each other's way: capacity, buffers, shared people and rooms, classes, processing."""
    return {
        "chair": oracle.Service(oracle.Terms(30, 0, 10)),
        "table": oracle.Service(oracle.Terms(60), capacity=2),
        # Without a number: its people are the limit.
        "cut": oracle.Service(oracle.Terms(30), capacity=None, staff={"anna", "bob"}),
        # A cut fits into its processing time.
        "colour": oracle.Service(oracle.Terms(90, 5, 10, gap_after=30, gap=30), capacity=2, staff={"bob"}),
        "class": oracle.Service(
            oracle.Terms(60, 0, 5), capacity=5, is_group=True, staff={"anna", "carl"}, needs=frozenset({"room"})
        ),
        "bath": oracle.Service(oracle.Terms(30), capacity=None, needs=frozenset({"room", "tub"})),
        "soak": oracle.Service(oracle.Terms(30), capacity=None, needs=frozenset({"tub"})),
    }


def usual_tenant(offset: int = 0, **fields: Any) -> oracle.Tenant:
    """Return a business with the usual services, three people and three rooms, closed in the middle of the day.

    Anna serves two at a time. The hall is shared by two, and so is the tub.
    """
    people = {"anna": oracle.Person(capacity=2), "bob": oracle.Person(), "carl": oracle.Person()}
    rooms = {"cabin": oracle.Room("room"), "hall": oracle.Room("room", 2), "tub": oracle.Room("tub", 2)}
    windows = ((9 * 60, 13 * 60), (14 * 60, 18 * 60))
    return oracle.Tenant(usual_services(), people, windows, offset, rooms, **fields)


class AttackedBusiness:
    """A tenant of the model as a business in the database, each row under the name that the model gives it."""

    def __init__(self, tenant: oracle.Tenant, shop: Shop) -> None:
        self.tenant = tenant
        self.shop = shop
        self.business = shop.business
        self.services: dict[str, Service] = shop.services
        self.people: dict[str, Staff] = shop.people
        self.rooms: dict[str, Resource] = shop.resources
        self.names: dict[UUID, str] = {
            row.id: name for rows in (self.services, self.people, self.rooms) for name, row in rows.items()
        }

    def person(self, name: str | None) -> Staff | None:
        return self.people[name] if name else None

    def name(self, person_id: UUID | None) -> str | None:
        return self.names[person_id] if person_id else None

    def resource_ids(self, rooms: Iterable[str]) -> list[UUID]:
        return [self.rooms[room].id for room in rooms]

    def room_names(self, resource_ids: Iterable[UUID | str]) -> tuple[str, ...]:
        return tuple(self.names[UUID(str(resource))] for resource in resource_ids)

    def change(self, act: Callable[[], Any]) -> None:
        """Change the configuration as its owner, as the web does."""
        with acting_as(self.shop.owners), transaction.atomic():
            act()


def found(tenant: oracle.Tenant) -> AttackedBusiness:
    """Found a business as a tenant describes it."""
    shop = make_shop(
        windows=tenant.windows,
        timezone=ZONES[tenant.offset],
        is_listed=False,
        requires_email=False,  # nobody is sent a mail, also on an installation that is in use
        requires_phone=True,
        slot_interval_minutes=tenant.interval,
        min_notice_minutes=tenant.notice,
        max_advance_days=tenant.advance_days,
        max_per_customer_per_day=tenant.bookings_a_day,
        # Out of the way: the limit of a day is attacked, and one limit at a time says which was reached.
        max_upcoming_per_customer=1000,
        allows_cancellation=tenant.cancel_hours is not None,
        cancellation_deadline_hours=tenant.cancel_hours or 0,
        allows_rescheduling=tenant.reschedule_hours is not None,
        reschedule_deadline_hours=tenant.reschedule_hours or 0,
    )
    with shop.changes():
        shop.add_catalogue(
            {name: {"max_simultaneous_bookings": known.capacity} for name, known in tenant.people.items()},
            {name: _fields(known) for name, known in tenant.services.items()},
            {
                name: {"kind": known.kind, "max_simultaneous_bookings": known.capacity}
                for name, known in tenant.rooms.items()
            },
        )
    return AttackedBusiness(tenant, shop)


def _fields(known: oracle.Service) -> dict[str, Any]:
    return {
        "duration_minutes": known.terms.duration,
        "buffer_before_minutes": known.terms.before,
        "buffer_after_minutes": known.terms.after,
        "processing_after_minutes": known.terms.gap_after,
        "processing_minutes": known.terms.gap,
        "max_simultaneous_bookings": known.capacity,
        "is_group": known.is_group,
        "staff": sorted(known.staff),
        "needs": sorted(known.needs),
    }


def switch_off(businesses: Sequence[AttackedBusiness]) -> None:
    """Take businesses off the installation; their history stays, as everybody's does."""
    for attacked in businesses:
        with as_role("worker"), acting_as(attacked.shop.owners), transaction.atomic():
            Business.objects.filter(pk=attacked.business.pk).update(is_active=False)


@contextmanager
def founded(*tenants: oracle.Tenant) -> Iterator[list[AttackedBusiness]]:
    """Found businesses for a block, and switch them off after it."""
    businesses = [found(tenant) for tenant in tenants]
    try:
        yield businesses
    finally:
        switch_off(businesses)
