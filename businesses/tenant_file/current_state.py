"""What a business has in the database now, read once: the import compares with it, the export writes it out."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from businesses.models import Availability, Business, Category, Service, ServiceStaff, Staff
from businesses.tenant_file.draft import Known


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The rows of one business, `services` and `staff` by slug, `categories` by name.

    `availability` is by staff id, None for the business's own hours; `assigned` is by service id.
    """

    business: Business | None
    services: dict[str, Service]
    staff: dict[str, Staff]
    categories: dict[str, Category]
    availability: dict[UUID | None, list[Availability]]
    assigned: dict[UUID, list[ServiceStaff]]

    @classmethod
    def of(cls, business_id: UUID, *, lock: bool = False) -> "CurrentState":
        """Read it; with `lock`, nobody else changes its row, services or staff until the transaction ends."""
        businesses = Business.objects.filter(pk=business_id)
        services = Service.objects.filter(business_id=business_id)
        staff = Staff.objects.filter(business_id=business_id)
        if lock:
            # In the order in which a hold locks them (`occupy_time`): services, then staff, each by id. In another
            # order an import and a hold would wait for each other. The business comes first: two imports take turns.
            businesses = businesses.select_for_update(no_key=True)
            services = services.select_for_update(no_key=True).order_by("id")
            staff = staff.select_for_update(no_key=True).order_by("id")
        # Query sets ask only when they are walked: the lines below are what takes the locks, in this order.
        business = businesses.first()
        availability: dict[UUID | None, list[Availability]] = defaultdict(list)
        assigned: dict[UUID, list[ServiceStaff]] = defaultdict(list)
        current = cls(
            business=business,
            services={service.slug: service for service in services},
            staff={member.slug: member for member in staff},
            categories={category.name: category for category in Category.objects.filter(business_id=business_id)},
            availability=availability,
            assigned=assigned,
        )
        # After the locks, in statements of their own: what the last import committed while this one waited is seen.
        for row in Availability.objects.filter(business_id=business_id):
            availability[row.staff_id].append(row)
        for assignment in ServiceStaff.objects.filter(business_id=business_id):
            assigned[assignment.service_id].append(assignment)
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
            services=frozenset(self.services),
        )
