"""Services: what the file says of each, judged together with what the database has of it.

The database refuses the same (`class_has_places`, `processing_inside_the_service`), but cannot say at which path of the
file. That a kind has a resource is asked here alone: what no resource is of, nobody could book.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from businesses.models import Service, ServiceResource
from businesses.tenant_file.document_node import MOST, Node, fields_of, named_once, require_when_new, shown
from businesses.tenant_file.known import Known

SERVICE = {
    "slug": "slug",
    "name": "name",
    "description": "description",
    "duration_minutes": "duration_minutes",
    "price_cents": "price_cents",
    "max_simultaneous_bookings": "max_simultaneous_bookings",
    "buffer_before_minutes": "buffer_before_minutes",
    "buffer_after_minutes": "buffer_after_minutes",
    "processing_after_minutes": "processing_after_minutes",
    "processing_minutes": "processing_minutes",
    "slot_interval_minutes": "slot_interval_minutes",
    "group": "is_group",
    "active": "is_active",
    "position": "position",
}


@dataclass(frozen=True, slots=True)
class ServiceDraft:
    """`category` is the name of its heading, None for none.

    `staff` are slugs and `needs` kinds of resource; None leaves the assignments or needs as they are.
    """

    slug: str
    fields: dict[str, Any]
    staff: list[str] | None
    needs: list[str] | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Nameable:
    """What services may name: people by slug, and resources by kind."""

    staff: frozenset[str]
    kinds: frozenset[str]


def read_services(
    lists: Iterable[tuple[Node | None, str | None]], known: Known, nameable: Nameable, *, replace: bool
) -> list[ServiceDraft]:
    """Return the services of lists that each stand under a category, or under None."""
    # One for all lists: a slug is unique in the business, not in its category.
    said: dict[str, str] = {}
    found: list[ServiceDraft] = []
    for node, category in lists:
        for index, item in enumerate(node.items(most=MOST) if node else []):
            nodes = item.mapping((*SERVICE, "staff", "resources"), ("slug",))
            fields = fields_of(nodes, Service, SERVICE)
            slug = named_once(item, "slug", fields.get("slug"), said)
            before = known.services.get(slug)
            require_when_new(item, nodes, ("name", "duration_minutes"), known=before is not None)
            if before is None:
                fields.setdefault("position", index)
            elif replace and "max_simultaneous_bookings" not in nodes:
                # An export leaves the number out where there is none, and --replace makes a service what its file says.
                fields["max_simultaneous_bookings"] = None
            _judge(item, nodes, fields, before or Service())
            is_active = fields.get("is_active", before is None or before.is_active)
            staff = _assigned(nodes["staff"], nameable.staff) if "staff" in nodes else None
            needs = _needed(nodes["resources"], nameable.kinds if is_active else None) if "resources" in nodes else None
            found.append(ServiceDraft(slug, fields, staff, needs, category))
    return found


def _judge(item: Node, nodes: Mapping[str, Node], fields: Mapping[str, Any], before: Service) -> None:
    """Refuse a class without places, and processing time that is not inside its service."""
    timing = ("processing_minutes", "processing_after_minutes", "duration_minutes")
    judged = (*timing, "max_simultaneous_bookings", "group")
    if not nodes or any(key in nodes and SERVICE[key] not in fields for key in judged):
        return  # it has its complaint already
    # What the file leaves out stays as it is: the service that is to be is judged, not the file's part of it.
    length, starts, duration, places, is_group = (
        fields.get(SERVICE[key], getattr(before, SERVICE[key])) for key in judged
    )
    # At a key that the file has, if it can be: the duration alone may have become too short.
    blamed = next((key for key in timing if key in nodes), "processing_minutes")
    if is_group and places is None:
        item.child("max_simultaneous_bookings").refuse("A class has a number of places: say how many may take part.")
    if is_group and (starts or length):
        item.child(blamed).refuse("A class has no processing time: write 0 for both of its keys.")
    elif bool(starts) != bool(length):
        unset = "processing_minutes" if starts else "processing_after_minutes"
        item.child(unset).refuse("Give both `processing_after_minutes` and `processing_minutes`, or 0 for both.")
    elif length and duration is not None and starts + length >= duration:
        item.child(blamed).refuse(
            f"Processing time ends before the service does: {starts} + {length} minutes must be less than {duration}."
        )


def _assigned(node: Node, assignable: Collection[str]) -> list[str]:
    found: list[str] = []
    for item in node.items(most=MOST):
        if not isinstance(item.value, str) or item.value not in assignable:
            item.refuse(f"There is no staff member {shown(item.value)}: name one under `staff` first.")
        elif item.value in found:
            item.refuse(f"{item.value} is named twice.")
        else:
            found.append(item.value)
    return found


def _needed(node: Node, kinds: Collection[str] | None) -> list[str]:
    """Return the kinds that a service needs; `kinds` None takes any, of a service that nobody can book anyway."""
    found: list[str] = []
    for item in node.items(most=MOST):
        kind = fields_of({"kind": item}, ServiceResource, {"kind": "kind"}).get("kind")
        if kind is None:
            continue
        if kinds is not None and kind not in kinds:
            item.refuse(f"No resource is of the kind {shown(kind)}: name one under `resources` first.")
        elif kind in found:
            item.refuse(f"{kind} is named twice: a service uses one resource of a kind.")
        else:
            found.append(kind)
    return found
