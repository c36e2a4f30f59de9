"""What a business has in the database now, read once: the import compares with it, the export writes it out."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from businesses.models import (
    Availability,
    Business,
    Category,
    Resource,
    Service,
    ServiceResource,
    ServiceStaff,
    Staff,
)
from businesses.tenant_file.known import Known


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The rows of one business, `services`, `staff` and `resources` by slug, `categories` by name.

    `availability` is by staff id, None for the business's own hours; `assigned` and `needs` are by service id.
    """

    business: Business | None
    services: dict[str, Service]
    staff: dict[str, Staff]
    resources: dict[str, Resource]
    categories: dict[str, Category]
    availability: dict[UUID | None, list[Availability]]
    assigned: dict[UUID, list[ServiceStaff]]
    needs: dict[UUID, list[ServiceResource]]

    @classmethod
    def of(cls, business_id: UUID, *, lock: bool = False) -> "CurrentState":
        """Read it; with `lock`, nobody else changes these rows until the transaction ends."""
        businesses = Business.objects.filter(pk=business_id)
        services = Service.objects.filter(business_id=business_id)
        staff = Staff.objects.filter(business_id=business_id)
        resources = Resource.objects.filter(business_id=business_id)
        if lock:
            # In the order in which a hold locks them (`occupy_time`): services, staff, resources, each by id. In
            # another order an import and a hold would wait for each other. The business comes first: two imports take
            # turns.
            businesses = businesses.select_for_update(no_key=True)
            services = services.select_for_update(no_key=True).order_by("id")
            staff = staff.select_for_update(no_key=True).order_by("id")
            resources = resources.select_for_update(no_key=True).order_by("id")
        # Query sets ask only when they are walked: the lines below are what takes the locks, in this order.
        business = businesses.first()
        availability: dict[UUID | None, list[Availability]] = defaultdict(list)
        assigned: dict[UUID, list[ServiceStaff]] = defaultdict(list)
        needs: dict[UUID, list[ServiceResource]] = defaultdict(list)
        current = cls(
            business=business,
            services={service.slug: service for service in services},
            staff={member.slug: member for member in staff},
            resources={resource.slug: resource for resource in resources},
            categories={category.name: category for category in Category.objects.filter(business_id=business_id)},
            availability=availability,
            assigned=assigned,
            needs=needs,
        )
        # After the locks, in statements of their own: what the last import committed while this one waited is seen.
        for row in Availability.objects.filter(business_id=business_id):
            availability[row.staff_id].append(row)
        for assignment in ServiceStaff.objects.filter(business_id=business_id):
            assigned[assignment.service_id].append(assignment)
        for need in ServiceResource.objects.filter(business_id=business_id):
            needs[need.service_id].append(need)
        return current

    @property
    def known(self) -> Known:
        """The facts that decide whether a file is right."""
        if self.business is None:
            return Known()
        return Known(
            exists=True,
            requires_email=self.business.requires_email,
            requires_phone=self.business.requires_phone,
            staff=frozenset(self.staff),
            services=self.services,
            needs={slug: self.kinds_of(service) for slug, service in self.services.items()},
            resources={slug: resource.kind for slug, resource in self.resources.items()},
        )

    def kinds_of(self, service: Service) -> frozenset[str]:
        """Return the kinds of resource that a service needs."""
        return frozenset(need.kind for need in self.needs.get(service.id, ()))
