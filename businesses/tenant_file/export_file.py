"""Writing a business out as a tenant file: the same bytes each time; importing them changes nothing.

The file holds what an import reads and no more: no bookings, no customers, no colleagues beside the first owner.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import yaml
from django.db import models

from businesses.events import record_export
from businesses.models import Availability, Business, Membership, MembershipRole, Service, Weekday, clock_text
from businesses.tenant_file.current_state import CurrentState
from businesses.tenant_file.draft import BUSINESS, CATEGORY, OWNER, RESOURCE, SECTIONS, STAFF
from businesses.tenant_file.file_services import SERVICE
from rhivo.claims import Claims, acting_as
from rhivo.db.operation import operation
from rhivo.errors import NotFound

# jsonb forgets the order of keys: PostgreSQL keeps them by length.
QUESTION = ("key", "label", "kind", "required", "choices")


class _Quoted(str):
    """A text that is always quoted, as times of day are: YAML 1.1 reads 13:00 as 780."""

    __slots__ = ()


class _Inline(list[Any]):
    """A list that is written in brackets."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        # PyYAML writes an object that it meets twice as an alias (*id001), and the import refuses aliases.
        return True


_Dumper.add_representer(
    _Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)
_Dumper.add_representer(
    _Inline, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def export_business(subdomain: str) -> str:
    """Return the tenant file of a business, as the worker role; raises NotFound."""
    business = Business.objects.filter(subdomain=subdomain).first()
    if business is None:
        raise NotFound(f"There is no business “{subdomain}”.")
    # Before the file is made: an export of which the history knows nothing would be worse than an entry too many.
    record_export(business.id, what="tenant file")
    with acting_as(Claims(business_id=business.id, role="owner")):
        return _export(business)


@operation
def _export(business: Business) -> str:
    current = CurrentState.of(business.id)
    document = _values(business, BUSINESS)
    document |= {section: _values(business, keys) for section, keys in SECTIONS.items()}
    document["requirements"]["questions"] = [_question(question) for question in business.questions]
    document |= _schedule(current.availability.get(None, []))
    document["staff"] = [
        _values(member, STAFF) | _schedule(current.availability.get(member.id, []))
        for member in _in_order(current.staff.values())
    ]
    document["resources"] = [_values(resource, RESOURCE) for resource in _in_order(current.resources.values())]
    document["categories"] = [
        _values(category, CATEGORY) | {"services": _services(current, category.id)}
        for category in _in_order(current.categories.values())
    ]
    document["services"] = _services(current, None)
    document |= _owner(business)
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _values(row: models.Model, keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: getattr(row, name) for key, name in keys.items()}


def _in_order(rows: Iterable[Any]) -> list[Any]:
    # Positions and names may be equal; the id makes the order the same each time.
    return sorted(rows, key=lambda row: (row.position, row.name, row.id))


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    return {key: question[key] for key in QUESTION if key in question}


def _services(current: CurrentState, category_id: Any) -> list[dict[str, Any]]:
    inside = [service for service in current.services.values() if service.category_id == category_id]
    return [_service(current, service) for service in _in_order(inside)]


def _service(current: CurrentState, service: Service) -> dict[str, Any]:
    values = _values(service, SERVICE)
    # Left out, it means in a file what NULL means in the database: people and resources are the limit.
    if service.max_simultaneous_bookings is None:
        del values["max_simultaneous_bookings"]
    return values | {
        "staff": _assigned(current, service),
        "resources": _Inline(sorted(current.kinds_of(service))),
    }


def _assigned(current: CurrentState, service: Service) -> _Inline:
    doing = {assignment.staff_id for assignment in current.assigned.get(service.id, ())}
    return _Inline(sorted(slug for slug, member in current.staff.items() if member.id in doing))


def _schedule(rows: Iterable[Availability]) -> dict[str, Any]:
    weekly = [row for row in rows if row.weekday is not None]
    dated = [row for row in rows if row.weekday is None]
    return {"hours": _hours(weekly), "exceptions": _exceptions(dated)}


def _hours(rows: Iterable[Availability]) -> dict[str, list[_Inline]]:
    ordered = sorted(rows, key=lambda row: (row.weekday, row.opens))
    return {
        Weekday(weekday).name.lower(): [_window(row) for row in windows]
        for weekday, windows in groupby(ordered, key=lambda row: row.weekday or 0)
    }


def _window(row: Availability) -> _Inline:
    return _Inline(_Quoted(clock_text(minute)) for minute in (row.opens or 0, row.closes or 0))


def _exceptions(rows: Iterable[Availability]) -> list[dict[str, Any]]:
    """Return one entry for each closed row, and one for all windows of the same dates and reason."""
    # `closed` has no windows, so two closed rows of the same dates must stay two entries to come back as two rows.

    def entry(row: Availability) -> tuple[Any, ...]:
        return row.first_date, row.last_date, row.opens is not None, row.reason

    found = []
    for (first, last, is_open, reason), group in groupby(sorted(rows, key=lambda r: (*entry(r), r.opens)), key=entry):
        dates = {"date": first} if first == last else {"from": first, "to": last}
        why = {"reason": reason} if reason else {}
        if is_open:
            found.append({**dates, "windows": [_window(row) for row in group], **why})
        else:
            found.extend({**dates, "closed": True, **why} for _ in group)
    return found


def _owner(business: Business) -> dict[str, Any]:
    """Return the first owner: a file names one, and an import of it takes the role from nobody."""
    owners = Membership.objects.filter(business=business, role=MembershipRole.OWNER).select_related("user")
    first = owners.order_by("created_at", "id").first()
    return {"owner": _values(first.user, OWNER)} if first else {}
