"""The resources that holds and appointments use. A row has their ids alone, since PostgreSQL has no keys in arrays."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from businesses.models import Resource


def resources_of(business_id: UUID, ids: Collection[UUID]) -> list[Resource]:
    """Return the resources of these ids in the business's order, without a query for none."""
    return list(Resource.objects.filter(business_id=business_id, id__in=ids)) if ids else []


def read_resources(rows: Iterable[Any]) -> None:
    """Read the `resources` of many holds or appointments in one query, or in none where none uses any."""
    users = [row for row in rows if row.resource_ids]
    # In no particular business: a customer's list has appointments of several. Row security shows public resources.
    wanted = {resource_id for row in users for resource_id in row.resource_ids}
    found = list(Resource.objects.filter(id__in=wanted)) if wanted else []
    for row in users:
        row.resources = [resource for resource in found if resource.id in row.resource_ids]
