"""From the document to a draft: every key is checked and nothing is written; all complaints come at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from businesses.models import Business, Category, Resource, Service, Staff, User, normalized_email
from businesses.tenant_file.document_node import MOST, Node, fields_of, named_once, require_when_new
from businesses.tenant_file.file_hours import Hours, read_exceptions, read_hours
from businesses.tenant_file.file_services import Nameable, ServiceDraft, read_services
from businesses.tenant_file.known import Known
from businesses.tenant_file.problems import Problems

# Keys of the file, with the model field that each sets. The export writes the same tables, in the same order.
BUSINESS = {
    "subdomain": "subdomain",
    "name": "name",
    "timezone": "timezone",
    "locale": "locale",
    "currency": "currency",
    "active": "is_active",
    "listed": "is_listed",
    "tagline": "tagline",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "accent_color": "accent_color",
}
SECTIONS = {
    "booking": {
        name: name
        for name in (
            "slot_interval_minutes",
            "min_notice_minutes",
            "max_advance_days",
            "hold_minutes",
            "max_wait_minutes",
            "max_per_customer_per_day",
            "max_upcoming_per_customer",
        )
    },
    "requirements": {"email": "requires_email", "phone": "requires_phone", "questions": "questions"},
    "policy": {
        "cancellation": "allows_cancellation",
        "cancellation_deadline_hours": "cancellation_deadline_hours",
        "rescheduling": "allows_rescheduling",
        "reschedule_deadline_hours": "reschedule_deadline_hours",
    },
}
STAFF = {
    "slug": "slug",
    "name": "name",
    "title": "title",
    "max_simultaneous_bookings": "max_simultaneous_bookings",
    "position": "position",
    "active": "is_active",
}
RESOURCE = {
    "slug": "slug",
    "name": "name",
    "kind": "kind",
    "max_simultaneous_bookings": "max_simultaneous_bookings",
    "position": "position",
    "active": "is_active",
}
CATEGORY = {"name": "name", "position": "position"}
OWNER = {"email": "email", "name": "name"}
TOP = (*BUSINESS, *SECTIONS, "hours", "exceptions", "staff", "resources", "categories", "services", "owner")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The hours and exceptions of the business or of a person; None leaves them as they are."""

    hours: list[Hours] | None
    exceptions: list[Hours] | None


@dataclass(frozen=True, slots=True)
class StaffDraft:
    slug: str
    fields: dict[str, Any]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class ResourceDraft:
    slug: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file wants. None stands for a key that the file leaves out: the import then changes nothing there.

    `names_loose_services` says whether the file lists the services without a category.
    """

    fields: dict[str, Any]
    schedule: Schedule
    staff: list[StaffDraft] | None
    resources: list[ResourceDraft] | None
    categories: list[dict[str, Any]] | None
    services: list[ServiceDraft]
    owner: dict[str, Any] | None
    names_loose_services: bool

    def lists(self, service: Service) -> bool:
        """Tell whether the file has the list that a service of the database belongs to.

        `categories` lists the whole catalogue; `services` without it lists the services that have no category.
        """
        return self.categories is not None or (self.names_loose_services and service.category_id is None)


def read_draft(document: Any, known: Known, *, replace: bool) -> Draft:
    """Return what the document asks for; raises TenantFileRefused with everything that is wrong with it."""
    problems = Problems()
    top = Node(document, "", problems)
    required = ("subdomain",) if known.exists else ("subdomain", "name", "timezone", "currency")
    # A business that exists may be changed by a file that holds its subdomain and one key more.
    nodes = top.mapping(TOP, required)
    fields = fields_of(nodes, Business, BUSINESS)
    for name, keys in SECTIONS.items():
        if name in nodes:
            fields |= fields_of(nodes[name].mapping(keys), Business, keys)
    _require_some_contact(nodes, fields, known)
    staff = _staff(nodes["staff"], known) if "staff" in nodes else None
    resources = _resources(nodes["resources"], known) if "resources" in nodes else None
    categories = _categories(nodes["categories"]) if "categories" in nodes else None
    kinds = _kinds(resources, known, replace=replace)
    lists = [(inside.get("services"), heading.get("name")) for inside, heading in categories or ()]
    nameable = Nameable(_assignable(staff, known, replace=replace), kinds)
    draft = Draft(
        fields=fields,
        schedule=_schedule(nodes),
        staff=staff,
        resources=resources,
        # An empty list is not None: with --replace it removes all categories.
        categories=None if categories is None else [heading for _, heading in categories],
        services=read_services([*lists, (nodes.get("services"), None)], known, nameable, replace=replace),
        owner=_owner(nodes["owner"]) if "owner" in nodes else None,
        names_loose_services="services" in nodes,
    )
    _require_kinds(top, draft, known, kinds, replace=replace)
    # Only here: a draft with complaints has holes ('' for a slug), and must not leave this function.
    problems.refuse_if_any()
    return draft


def _require_some_contact(nodes: dict[str, Node], fields: dict[str, Any], known: Known) -> None:
    # The database has this as `some_contact_is_required`, but would not say at which path. A key that the file leaves
    # out keeps its value, so the pair that is to be is compared, not the file's half of it.
    email = fields.get("requires_email", known.requires_email)
    phone = fields.get("requires_phone", known.requires_phone)
    if "requirements" in nodes and not email and not phone:
        nodes["requirements"].refuse("Require an email address, a phone number, or both.")


def _schedule(nodes: dict[str, Node]) -> Schedule:
    return Schedule(
        hours=read_hours(nodes["hours"]) if "hours" in nodes else None,
        exceptions=read_exceptions(nodes["exceptions"]) if "exceptions" in nodes else None,
    )


def _staff(node: Node, known: Known) -> list[StaffDraft]:
    found: list[StaffDraft] = []
    said: dict[str, str] = {}
    for index, item in enumerate(node.items(most=MOST)):
        nodes = item.mapping((*STAFF, "hours", "exceptions"), ("slug",))
        fields = fields_of(nodes, Staff, STAFF)
        slug = named_once(item, "slug", fields.get("slug"), said)
        require_when_new(item, nodes, ("name",), known=slug in known.staff)
        # New ones stand as in the file. Known ones keep their position: a file that leaves it out does not reorder.
        if slug not in known.staff:
            fields.setdefault("position", index)
        found.append(StaffDraft(slug, fields, _schedule(nodes)))
    return found


def _categories(node: Node) -> list[tuple[dict[str, Node], dict[str, Any]]]:
    """Return each category's nodes and fields; the import gives a new one without a position that of the file."""
    found = []
    said: dict[str, str] = {}
    for item in node.items(most=MOST):
        nodes = item.mapping((*CATEGORY, "services"), ("name",))
        fields = fields_of(nodes, Category, CATEGORY)
        named_once(item, "name", fields.get("name"), said)
        found.append((nodes, fields))
    return found


def _resources(node: Node, known: Known) -> list[ResourceDraft]:
    found: list[ResourceDraft] = []
    said: dict[str, str] = {}
    for index, item in enumerate(node.items(most=MOST)):
        nodes = item.mapping(RESOURCE, ("slug",))
        fields = fields_of(nodes, Resource, RESOURCE)
        slug = named_once(item, "slug", fields.get("slug"), said)
        require_when_new(item, nodes, ("name", "kind"), known=slug in known.resources)
        if slug not in known.resources:
            fields.setdefault("position", index)
        found.append(ResourceDraft(slug, fields))
    return found


def _assignable(staff: Sequence[StaffDraft] | None, known: Known, *, replace: bool) -> frozenset[str]:
    """Return the slugs that a service may name: those of the file and those that remain in the database."""
    if staff is None:
        return known.staff  # without a list --replace removes nobody
    named = frozenset(member.slug for member in staff)
    return named if replace else named | known.staff


def _kinds(resources: Sequence[ResourceDraft] | None, known: Known, *, replace: bool) -> frozenset[str]:
    """Return the kinds of the resources of the file and of those that remain, in use or switched off."""
    if resources is None:
        return frozenset(known.resources.values())
    named = {resource.slug for resource in resources}
    kept = set() if replace else {kind for slug, kind in known.resources.items() if slug not in named}
    given = {resource.fields.get("kind") or known.resources.get(resource.slug) for resource in resources}
    return frozenset(kept | {kind for kind in given if kind is not None})


def _require_kinds(top: Node, draft: Draft, known: Known, kinds: frozenset[str], *, replace: bool) -> None:
    """Refuse to take away the last resource of a kind that a service needs, and of which the file says nothing."""
    gone = frozenset(known.resources.values()) - kinds
    named = {service.slug: service for service in draft.services}
    for slug, service in sorted(known.services.items()):
        wanted = named.get(slug)
        # What the file says that it needs was judged at its own path.
        is_removed = wanted is None and replace and draft.lists(service)
        if is_removed or (wanted is not None and wanted.needs is not None):
            continue
        if not (wanted.fields.get("is_active", service.is_active) if wanted else service.is_active):
            continue
        for kind in sorted(known.needs.get(slug, frozenset()) & gone):
            top.child("resources").refuse(
                f"The service “{slug}” needs a resource of the kind “{kind}”, and none would be left: keep one, or"
                " say under the service's `resources` what it needs."
            )


def _owner(node: Node) -> dict[str, Any]:
    fields = fields_of(node.mapping(OWNER, tuple(OWNER)), User, OWNER)
    # The account is looked up by this address; `users` has it in lower case only (`email_in_lower_case`).
    if "email" in fields:
        fields["email"] = normalized_email(fields["email"])
    return fields
