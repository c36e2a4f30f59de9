"""The kinds of resource that a business has, as people read them."""

from uuid import UUID

from django.db.models import Count, Q

from businesses.models import Resource


def kind_text(kind: str) -> str:
    """Return what people call a kind: massage-table is a massage table."""
    return kind.replace("-", " ")


def active_by_kind(business_id: UUID) -> dict[str, int]:
    """Return how many active resources there are of each kind, 0 of one whose resources are all switched off."""
    rows = Resource.objects.filter(business_id=business_id).order_by("kind").values("kind")
    return {row["kind"]: row["active"] for row in rows.annotate(active=Count("id", filter=Q(is_active=True)))}
