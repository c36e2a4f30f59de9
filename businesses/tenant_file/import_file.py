"""Applying a tenant file: one transaction, in which only rows that differ are written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, models, transaction

from businesses.models import (
    Availability,
    Business,
    Category,
    Membership,
    MembershipRole,
    Resource,
    Service,
    ServiceResource,
    ServiceStaff,
    Staff,
    User,
)
from businesses.tenant_file.current_state import CurrentState
from businesses.tenant_file.draft import Draft, ResourceDraft, Schedule, StaffDraft, read_draft
from businesses.tenant_file.file_hours import Hours
from businesses.tenant_file.file_services import ServiceDraft
from businesses.tenant_file.parsing import parse
from businesses.tenant_file.problems import ChangedMeanwhile
from rhivo.claims import Claims, acting_as
from rhivo.db.operation import operation


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `invitation` is the owner's new membership if they must still prove their address.

    `notes` are sentences on what is allowed and yet worth a look.
    """

    business: Business
    created: bool
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    invitation: Membership | None


def import_business(content: bytes, *, replace: bool = False) -> Imported:
    """Create or update the business of a tenant file, as the worker role; nothing is written if anything is refused.

    With `replace`, staff, resources, services and categories that the file's lists do not name are removed; those that
    bookings refer to are deactivated instead. A service that it names without a number has none any more. Raises
    TenantFileRefused, or ChangedMeanwhile when another writer was quicker.
    """
    document = parse(content)
    # The claims need an id before the first write. A new business has no row to lock, so two first imports of one
    # subdomain both come here with an id of their own, and the unique subdomain refuses the later one:
    # 1. A finds no business, B finds none.  2. A inserts and commits.  3. B's insert is an IntegrityError.
    # What the back office adds meanwhile to a known business, such as a service of the same slug, ends the same way.
    business_id = _id_of(document) or uuid4()
    try:
        with acting_as(Claims(business_id=business_id, role="owner")):
            return _import(document, business_id=business_id, replace=replace)
    except IntegrityError as error:
        raise ChangedMeanwhile() from error


def _id_of(document: Any) -> UUID | None:
    """Return the id of the business that a document names, if there is one."""
    named = document.get("subdomain") if isinstance(document, dict) else None
    if not isinstance(named, str):
        return None
    return Business.objects.filter(subdomain=named).values_list("id", flat=True).first()


@operation
def _import(document: Any, *, business_id: UUID, replace: bool) -> Imported:
    # The file is judged inside the transaction and behind the locks: what it is compared with cannot change any more.
    current = CurrentState.of(business_id, lock=True)
    draft = read_draft(document, current.known, replace=replace)
    lost = tuple(_lost_numbers(draft, current))
    work = _Work(business_id, current)
    work.apply(draft)
    if replace:
        work.remove_unnamed(draft)
    invitation = work.give_to(draft.owner) if draft.owner else None
    notes = (*lost, *_numbers_below_people(work.business))
    return Imported(work.business, current.business is None, work.changes, notes, invitation)


def _lost_numbers(draft: Draft, current: CurrentState) -> Iterator[str]:
    """Yield a sentence on each service that will have no number any more: with --replace by a key that is left out."""
    # Asked before the import: it changes the rows.
    for wanted in draft.services:
        before = current.services.get(wanted.slug)
        number = before.max_simultaneous_bookings if before else None
        if before and number is not None and wanted.fields.get("max_simultaneous_bookings", number) is None:
            yield (
                f"{before.name} ({before.slug}) took {number} at a time and has no number any more: its people and"
                " resources are the limit."
            )


def _numbers_below_people(business: Business) -> tuple[str, ...]:
    """Return a sentence on each service whose number keeps some of its people from taking a booking."""
    # Of a class the number is that of its places, which has nothing to do with its people.
    people = models.Count("assignments", filter=models.Q(assignments__staff__is_active=True))
    services = Service.objects.active().filter(business=business, is_group=False).annotate(people=people)
    return tuple(
        f"{name} ({slug}) takes {number} at a time and {count} people do it: a limit of the owner's choice. Leave"
        " `max_simultaneous_bookings` out, and they are the limit."
        for name, slug, number, count in services.filter(max_simultaneous_bookings__lt=models.F("people"))
        .order_by("position", "name", "id")
        .values_list("name", "slug", "max_simultaneous_bookings", "people")
    )


class _Work:
    """One import under way: writes what differs, and counts it."""

    def __init__(self, business_id: UUID, current: CurrentState) -> None:
        self.business = current.business or Business(id=business_id)
        self._is_new = current.business is None
        self._current = current
        self._staff = dict(current.staff)
        self._categories = dict(current.categories)
        self._counted: Counter[str] = Counter()

    @property
    def changes(self) -> tuple[str, ...]:
        """What was done, as `staff added: 3`."""
        return tuple(f"{what}: {count}" for what, count in self._counted.items())

    def apply(self, draft: Draft) -> None:
        # In the order of references: a service names its category and its people, and all name the business.
        self._save(self.business, draft.fields, "settings", is_new=self._is_new)
        self._set_schedule(None, draft.schedule)
        for member in draft.staff or ():
            self._set_staff(member)
        for resource in draft.resources or ():
            self._set_resource(resource)
        for index, heading in enumerate(draft.categories or ()):
            self._set_category(heading, index)
        for service in draft.services:
            self._set_service(service)

    def _save(self, row: models.Model, fields: Mapping[str, Any], noun: str, *, is_new: bool) -> None:
        """Insert a new row, or update one in which something differs; the business counts its changed fields."""
        differing = [name for name, value in fields.items() if getattr(row, name) != value]
        for name in differing:
            setattr(row, name, fields[name])
        if is_new:
            row.save(force_insert=True)
            self._counted[f"{noun} added"] += 1 if row is not self.business else len(differing)
        elif differing:
            # The version that was read goes along, and `next_version` refuses any other; without it the update would
            # pass over what someone else changed. Equal rows are not written at all: they would fill the history.
            row.save(update_fields=[*differing, *(["version"] if hasattr(row, "version") else [])])
            self._counted[f"{noun} changed"] += 1 if row is not self.business else len(differing)

    def _set_staff(self, draft: StaffDraft) -> None:
        member = self._staff.get(draft.slug)
        is_new = member is None
        member = member or Staff(business=self.business)
        self._save(member, draft.fields, "staff", is_new=is_new)
        self._staff[draft.slug] = member
        self._set_schedule(member, draft.schedule)

    def _set_resource(self, draft: ResourceDraft) -> None:
        resource = self._current.resources.get(draft.slug)
        is_new = resource is None
        self._save(resource or Resource(business=self.business), draft.fields, "resources", is_new=is_new)

    def _set_category(self, heading: Mapping[str, Any], index: int) -> None:
        category = self._categories.get(heading["name"])
        is_new = category is None
        category = category or Category(business=self.business, position=index)
        self._save(category, heading, "categories", is_new=is_new)
        self._categories[heading["name"]] = category

    def _set_service(self, draft: ServiceDraft) -> None:
        service = self._current.services.get(draft.slug)
        is_new = service is None
        service = service or Service(business=self.business)
        category = self._categories[draft.category].id if draft.category else None
        self._save(service, draft.fields | {"category_id": category}, "services", is_new=is_new)
        if draft.staff is not None:
            self._assign(service, {self._staff[slug].id for slug in draft.staff})
        if draft.needs is not None:
            self._set_needs(service, draft.needs)

    def _assign(self, service: Service, wanted: set[UUID]) -> None:
        present = {assignment.staff_id: assignment for assignment in self._current.assigned.get(service.id, ())}
        gone = [assignment.id for staff_id, assignment in present.items() if staff_id not in wanted]
        new = [ServiceStaff(business=self.business, service=service, staff_id=one) for one in wanted - present.keys()]
        self._exchange(ServiceStaff, gone, new, "assignments changed")

    def _set_needs(self, service: Service, kinds: Sequence[str]) -> None:
        present = {need.kind: need for need in self._current.needs.get(service.id, ())}
        gone = [need.id for kind, need in present.items() if kind not in kinds]
        new = [
            ServiceResource(business=self.business, service=service, kind=kind) for kind in kinds if kind not in present
        ]
        self._exchange(ServiceResource, gone, new, "needs changed")

    def _set_schedule(self, member: Staff | None, schedule: Schedule) -> None:
        rows = self._current.availability.get(member.id if member else None, [])
        if schedule.hours is not None:
            self._set_windows(member, [row for row in rows if row.weekday is not None], schedule.hours)
        if schedule.exceptions is not None:
            self._set_windows(member, [row for row in rows if row.weekday is None], schedule.exceptions)

    def _set_windows(self, member: Staff | None, present: Iterable[Availability], wanted: Iterable[Hours]) -> None:
        """Delete the rows that are not wanted, then add the missing ones; equal rows stay untouched."""
        # Counted, not a set: two closed exceptions of the same dates are two rows.
        missing = Counter(wanted)
        gone = []
        for row in present:
            if missing[Hours.of(row)] > 0:
                missing[Hours.of(row)] -= 1
            else:
                gone.append(row.id)
        new = [Availability(business=self.business, staff=member, **window._asdict()) for window in missing.elements()]
        self._exchange(Availability, gone, new, "windows and exceptions changed")

    def _exchange(self, model: type[models.Model], gone: list[UUID], new: Sequence[models.Model], noun: str) -> None:
        # Deleted first: a window may be replaced by one that overlaps it, and `weekly_windows_apart` is not deferred.
        if gone:
            model._default_manager.filter(pk__in=gone).delete()
        model._default_manager.bulk_create(new)
        if gone or new:
            self._counted[noun] += len(gone) + len(new)

    def remove_unnamed(self, draft: Draft) -> None:
        """Remove what the file's lists leave out; a list that the file does not have removes nothing."""
        # Services before categories: deleting a category first would only make its services loose.
        named = {service.slug for service in draft.services}
        for slug, service in self._current.services.items():
            if draft.lists(service) and slug not in named:
                self._remove(service, "services")
        if draft.categories is not None:
            for name in self._current.categories.keys() - {heading["name"] for heading in draft.categories}:
                self._remove(self._current.categories[name], "categories")
        if draft.staff is not None:
            for slug in self._current.staff.keys() - {member.slug for member in draft.staff}:
                self._remove(self._current.staff[slug], "staff")
        if draft.resources is not None:
            for slug in self._current.resources.keys() - {resource.slug for resource in draft.resources}:
                self._remove(self._current.resources[slug], "resources")

    def _remove(self, row: Service | Staff | Resource | Category, noun: str) -> None:
        """Delete a row, or deactivate it where bookings refer to it, as their foreign keys say."""
        try:
            # A savepoint: a refused statement spoils the transaction, and this one goes on. Django's own refusal
            # (ProtectedError, for bookings that it sees) is an IntegrityError too; a booking made meanwhile is refused
            # by the foreign key.
            with transaction.atomic():
                row.delete()
            self._counted[f"{noun} removed"] += 1
        except IntegrityError:
            if isinstance(row, Category):
                raise  # no booking refers to a category
            if row.is_active:
                row.is_active = False
                row.save(update_fields=["is_active", "version"])
                self._counted[f"{noun} deactivated, since bookings refer to it"] += 1

    def give_to(self, owner: Mapping[str, str]) -> Membership | None:
        """Make a person an owner; return the membership if their address is not verified yet. Nobody loses a role."""
        user = User.objects.filter(email=owner["email"]).first()
        user = user or User.objects.create_user(owner["email"], name=owner["name"])
        membership = Membership.objects.filter(business=self.business, user=user).first()
        if membership is not None and membership.role == MembershipRole.OWNER:
            return None
        membership = membership or Membership(business=self.business, user=user)
        membership.role = MembershipRole.OWNER
        membership.save()
        self._counted["owners added"] += 1
        return None if user.email_verified_at else membership
