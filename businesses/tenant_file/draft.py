"""From the document to a draft: every key checked, nothing written, all complaints told at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from businesses.models import Business, Category, Service, Staff, User, normalized_email
from businesses.tenant_file.document_value import Place, fields_of, shown
from businesses.tenant_file.file_hours import Hours, read_exceptions, read_hours
from businesses.tenant_file.problems import Problems

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
MOST = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What is in the database already, as far as it decides whether a file is right. Nothing, for a new business."""

    exists: bool = False
    requires_email: bool = True
    requires_phone: bool = False
    staff: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The hours and exceptions of one subject; None leaves what is there."""

    hours: list[Hours] | None
    exceptions: list[Hours] | None


@dataclass(frozen=True, slots=True)
class StaffDraft:
    slug: str
    fields: dict[str, Any]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class ServiceDraft:
    """`category` is the name of its heading, None for none; `staff` None leaves who does it."""

    slug: str
    fields: dict[str, Any]
    staff: list[str] | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file wants. None stands for a key that the file leaves out, so that what is there stays."""

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
    top = Place(document, "", problems)
    required = ("subdomain",) if known.exists else ("subdomain", "name", "timezone", "currency")
    places = top.mapping(TOP, required)
    fields = fields_of(places, Business, BUSINESS)
    for name, keys in SECTIONS.items():
        if name in places:
            fields |= fields_of(places[name].mapping(keys), Business, keys)
    _require_some_contact(places, fields, known)
    staff = _staff(places["staff"], known) if "staff" in places else None
    categories = _categories(places["categories"]) if "categories" in places else None
    draft = Draft(
        fields=fields,
        schedule=_schedule(places),
        staff=staff,
        categories=None if categories is None else [heading for _, heading in categories],
        services=_services(places, categories or [], known, _assignable(staff, known, replace=replace)),
        owner=_owner(places["owner"]) if "owner" in places else None,
        names_loose_services="services" in places,
    )
    problems.refuse_if_any()
    return draft


def _require_some_contact(places: dict[str, Place], fields: dict[str, Any], known: Known) -> None:
    email = fields.get("requires_email", known.requires_email)
    phone = fields.get("requires_phone", known.requires_phone)
    if "requirements" in places and not email and not phone:
        places["requirements"].refuse("Require an email address, a phone number, or both.")


def _schedule(places: dict[str, Place]) -> Schedule:
    return Schedule(
        hours=read_hours(places["hours"]) if "hours" in places else None,
        exceptions=read_exceptions(places["exceptions"]) if "exceptions" in places else None,
    )


def _staff(place: Place, known: Known) -> list[StaffDraft]:
    found: list[StaffDraft] = []
    said: dict[str, str] = {}
    for index, item in enumerate(place.items(most=MOST)):
        places = item.mapping((*STAFF, "hours", "exceptions"), ("slug",))
        fields = fields_of(places, Staff, STAFF)
        slug = _named_once(item, "slug", fields.get("slug"), said)
        _require_when_new(item, places, ("name",), known=slug in known.staff)
        if slug not in known.staff:
            fields.setdefault("position", index)
        found.append(StaffDraft(slug, fields, _schedule(places)))
    return found


def _categories(place: Place) -> list[tuple[dict[str, Place], dict[str, Any]]]:
    """Return each category's places and fields. Where no position is given a new one stands as in the file."""
    found = []
    said: dict[str, str] = {}
    for item in place.items(most=MOST):
        places = item.mapping((*CATEGORY, "services"), ("name",))
        fields = fields_of(places, Category, CATEGORY)
        _named_once(item, "name", fields.get("name"), said)
        found.append((places, fields))
    return found


def _services(
    places: dict[str, Place],
    categories: Iterable[tuple[dict[str, Place], dict[str, Any]]],
    known: Known,
    assignable: frozenset[str],
) -> list[ServiceDraft]:
    lists = [(inside.get("services"), heading.get("name")) for inside, heading in categories]
    found: list[ServiceDraft] = []
    said: dict[str, str] = {}
    for place, category in [*lists, (places.get("services"), None)]:
        for index, item in enumerate(place.items(most=MOST) if place else []):
            found.append(_service(item, index, category, known, assignable, said))
    return found


def _service(
    item: Place, index: int, category: str | None, known: Known, assignable: frozenset[str], said: dict[str, str]
) -> ServiceDraft:
    places = item.mapping((*SERVICE, "staff"), ("slug",))
    fields = fields_of(places, Service, SERVICE)
    slug = _named_once(item, "slug", fields.get("slug"), said)
    _require_when_new(item, places, ("name", "duration_minutes"), known=slug in known.services)
    if slug not in known.services:
        fields.setdefault("position", index)
    staff = _assigned(places["staff"], assignable) if "staff" in places else None
    return ServiceDraft(slug, fields, staff, category)


def _assignable(staff: Sequence[StaffDraft] | None, known: Known, *, replace: bool) -> frozenset[str]:
    """Return the slugs that a service may name: those of the file and those that stay."""
    if staff is None:
        return known.staff
    named = frozenset(member.slug for member in staff)
    return named if replace else named | known.staff


def _assigned(place: Place, assignable: frozenset[str]) -> list[str]:
    found: list[str] = []
    for item in place.items(most=MOST):
        if not isinstance(item.value, str) or item.value not in assignable:
            item.refuse(f"There is no staff member {shown(item.value)}: name one under `staff` first.")
        elif item.value in found:
            item.refuse(f"{item.value} is named twice.")
        else:
            found.append(item.value)
    return found


def _named_once(item: Place, key: str, name: str | None, said: dict[str, str]) -> str:
    """Return what an item is named by, '' for nothing usable; refuse a name that stands at another path already."""
    if name is None:
        return ""
    if name in said:
        item.child(key).refuse(f"“{name}” is already at {said[name]}.")
    said.setdefault(name, item.path)
    return name


def _require_when_new(item: Place, places: dict[str, Place], keys: Iterable[str], *, known: bool) -> None:
    if known or not isinstance(item.value, dict):
        return
    for key in keys:
        if key not in places:
            item.child(key).refuse("This is required.")


def _owner(place: Place) -> dict[str, Any]:
    fields = fields_of(place.mapping(OWNER, tuple(OWNER)), User, OWNER)
    if "email" in fields:
        fields["email"] = normalized_email(fields["email"])
    return fields
