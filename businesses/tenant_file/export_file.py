"""Writing a business out as a tenant file: the same bytes each time, and an import of them changes nothing."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import yaml
from django.db import models

from businesses.events import record_export
from businesses.models import Availability, Business, Membership, MembershipRole, Service, Weekday, clock_text
from businesses.tenant_file.current_state import Stock
from businesses.tenant_file.draft import BUSINESS, CATEGORY, OWNER, SECTIONS, SERVICE, STAFF
from rhivo.claims import Claims, acting_as
from rhivo.db.operation import operation
from rhivo.errors import NotFound

QUESTION = ("key", "label", "kind", "required", "choices")


class _Quoted(str):
    """A text that is always quoted, as times of day are."""

    __slots__ = ()


class _Inline(list[Any]):
    """A list that is written in brackets."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
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
    record_export(business.id, what="tenant file")
    with acting_as(Claims(business_id=business.id, role="owner")):
        return _export(business)


@operation
def _export(business: Business) -> str:
    stock = Stock.of(business.id)
    document = _values(business, BUSINESS)
    document |= {section: _values(business, keys) for section, keys in SECTIONS.items()}
    document["requirements"]["questions"] = [_question(question) for question in business.questions]
    document |= _schedule(stock.availability.get(None, []))
    document["staff"] = [
        _values(member, STAFF) | _schedule(stock.availability.get(member.id, []))
        for member in _in_order(stock.staff.values())
    ]
    document["categories"] = [
        _values(category, CATEGORY) | {"services": _services(stock, category.id)}
        for category in _in_order(stock.categories.values())
    ]
    document["services"] = _services(stock, None)
    document |= _owner(business)
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _values(row: models.Model, keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: getattr(row, name) for key, name in keys.items()}


def _in_order(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row.position, row.name, row.id))


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    return {key: question[key] for key in QUESTION if key in question}


def _services(stock: Stock, category_id: Any) -> list[dict[str, Any]]:
    inside = [service for service in stock.services.values() if service.category_id == category_id]
    return [_values(service, SERVICE) | {"staff": _assigned(stock, service)} for service in _in_order(inside)]


def _assigned(stock: Stock, service: Service) -> _Inline:
    doing = {assignment.staff_id for assignment in stock.assigned.get(service.id, ())}
    return _Inline(sorted(slug for slug, member in stock.staff.items() if member.id in doing))


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
    """Return the first of the owners, the only one that a file names."""
    owners = Membership.objects.filter(business=business, role=MembershipRole.OWNER).select_related("user")
    first = owners.order_by("created_at", "id").first()
    return {"owner": _values(first.user, OWNER)} if first else {}
