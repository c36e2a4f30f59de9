"""From the document to a draft: every key is checked and nothing is written; all complaints come at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from businesses.models import Business, Category, Service, Staff, User, normalized_email
from businesses.tenant_file.document_node import Node, fields_of, shown
from businesses.tenant_file.file_hours import Hours, read_exceptions, read_hours
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
STAFF = {"slug": "slug", "name": "name", "title": "title", "position": "position", "active": "is_active"}
CATEGORY = {"name": "name", "position": "position"}
SERVICE = {
    "slug": "slug",
    "name": "name",
    "description": "description",
    "duration_minutes": "duration_minutes",
    "price_cents": "price_cents",
    "max_simultaneous_bookings": "max_simultaneous_bookings",
    "buffer_before_minutes": "buffer_before_minutes",
    "buffer_after_minutes": "buffer_after_minutes",
    "slot_interval_minutes": "slot_interval_minutes",
    "group": "is_group",
    "active": "is_active",
    "position": "position",
}
OWNER = {"email": "email", "name": "name"}
TOP = (*BUSINESS, *SECTIONS, "hours", "exceptions", "staff", "categories", "services", "owner")
# Items of one list: more than any business has, and few enough that a whole file is one short transaction.
MOST = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has already and a file must fit; the defaults are those of a new business."""

    exists: bool = False
    requires_email: bool = True
    requires_phone: bool = False
    staff: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


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
class ServiceDraft:
    """`category` is the name of its heading, None for none; `staff` None leaves the assignments as they are."""

    slug: str
    fields: dict[str, Any]
    staff: list[str] | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file wants. None stands for a key that the file leaves out: the import then changes nothing there.

    `names_loose_services` says whether the file lists the services without a category.
    """

    fields: dict[str, Any]
    schedule: Schedule
    staff: list[StaffDraft] | None
    categories: list[dict[str, Any]] | None
    services: list[ServiceDraft]
    owner: dict[str, Any] | None
    names_loose_services: bool


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
    categories = _categories(nodes["categories"]) if "categories" in nodes else None
    draft = Draft(
        fields=fields,
        schedule=_schedule(nodes),
        staff=staff,
        # An empty list is not None: with --replace it removes all categories.
        categories=None if categories is None else [heading for _, heading in categories],
        services=_services(nodes, categories or [], known, _assignable(staff, known, replace=replace)),
        owner=_owner(nodes["owner"]) if "owner" in nodes else None,
        names_loose_services="services" in nodes,
    )
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
        slug = _named_once(item, "slug", fields.get("slug"), said)
        _require_when_new(item, nodes, ("name",), known=slug in known.staff)
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
        _named_once(item, "name", fields.get("name"), said)
        found.append((nodes, fields))
    return found


def _services(
    nodes: dict[str, Node],
    categories: Iterable[tuple[dict[str, Node], dict[str, Any]]],
    known: Known,
    assignable: frozenset[str],
) -> list[ServiceDraft]:
    lists = [(inside.get("services"), heading.get("name")) for inside, heading in categories]
    found: list[ServiceDraft] = []
    # One for all lists: a slug is unique in the business, not in its category.
    said: dict[str, str] = {}
    for node, category in [*lists, (nodes.get("services"), None)]:
        for index, item in enumerate(node.items(most=MOST) if node else []):
            found.append(_service(item, index, category, known, assignable, said))
    return found


def _service(
    item: Node, index: int, category: str | None, known: Known, assignable: frozenset[str], said: dict[str, str]
) -> ServiceDraft:
    nodes = item.mapping((*SERVICE, "staff"), ("slug",))
    fields = fields_of(nodes, Service, SERVICE)
    slug = _named_once(item, "slug", fields.get("slug"), said)
    _require_when_new(item, nodes, ("name", "duration_minutes"), known=slug in known.services)
    if slug not in known.services:
        fields.setdefault("position", index)
    staff = _assigned(nodes["staff"], assignable) if "staff" in nodes else None
    return ServiceDraft(slug, fields, staff, category)


def _assignable(staff: Sequence[StaffDraft] | None, known: Known, *, replace: bool) -> frozenset[str]:
    """Return the slugs that a service may name: those of the file and those that remain in the database."""
    if staff is None:
        return known.staff  # without a list --replace removes nobody
    named = frozenset(member.slug for member in staff)
    return named if replace else named | known.staff


def _assigned(node: Node, assignable: frozenset[str]) -> list[str]:
    found: list[str] = []
    for item in node.items(most=MOST):
        if not isinstance(item.value, str) or item.value not in assignable:
            item.refuse(f"There is no staff member {shown(item.value)}: name one under `staff` first.")
        elif item.value in found:
            item.refuse(f"{item.value} is named twice.")
        else:
            found.append(item.value)
    return found


def _named_once(item: Node, key: str, name: str | None, said: dict[str, str]) -> str:
    """Return the slug or name of an item, '' where it has no valid one; refuse one that another path has already."""
    if name is None:
        return ""
    if name in said:
        item.child(key).refuse(f"“{name}” is already at {said[name]}.")
    said.setdefault(name, item.path)
    return name


def _require_when_new(item: Node, nodes: dict[str, Node], keys: Iterable[str], *, known: bool) -> None:
    # An item that is no mapping has its complaint already.
    if known or not isinstance(item.value, dict):
        return
    for key in keys:
        if key not in nodes:
            item.child(key).refuse("This is required.")


def _owner(node: Node) -> dict[str, Any]:
    fields = fields_of(node.mapping(OWNER, tuple(OWNER)), User, OWNER)
    # The account is looked up by this address; `users` has it in lower case only (`email_in_lower_case`).
    if "email" in fields:
        fields["email"] = normalized_email(fields["email"])
    return fields
