"""Resources in the back office: those that staff may pick for a booking, and the names of those that bookings use."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.models import Appointment
from businesses.backoffice.kinds_of_resource import kind_text
from businesses.models import Business, Resource, Service

ANY = "Any that is free"


class ResourceChoice:
    """A field for each kind of which a business's services can take one or another."""

    def __init__(self, business: Business, used: list[UUID] | None = None) -> None:
        """Read what can be picked; `used` are those that a booking has now."""
        needed = Service.objects.active().filter(business=business).values("needs__kind")
        active = Resource.objects.filter(business=business, is_active=True, kind__in=needed)
        by_kind: dict[str, dict[str, Resource]] = {}
        for resource in active.order_by("kind", "name", "id"):
            by_kind.setdefault(resource.kind, {})[str(resource.pk)] = resource
        # Of one alone there is no choice.
        self._offered = {f"resource_{kind}": those for kind, those in by_kind.items() if len(those) > 1}
        self._used = {str(each) for each in used or ()}

    def fields(self) -> dict[str, forms.Field]:
        """Return the fields by their names, none where there is nothing to choose."""
        return {name: self._field(those) for name, those in self._offered.items()}

    def picked(self, typed: Mapping[str, Any]) -> dict[str, Resource]:
        """Return what was picked, by the name of its field."""
        return {name: those[typed[name]] for name, those in self._offered.items() if typed.get(name) in those}

    def _field(self, those: dict[str, Resource]) -> forms.Field:
        kind = kind_text(next(iter(those.values())).kind)
        now = ", ".join(resource.name for key, resource in those.items() if key in self._used)
        return forms.ChoiceField(
            choices=[("", ANY), *((key, resource.name) for key, resource in those.items())],
            required=False,
            widget=UnfoldAdminSelectWidget,
            label=kind.capitalize(),
            help_text=f"Now: {now}." if now else "For services that need one.",
        )


def not_needed(picked: Mapping[str, Resource], service: Service) -> dict[str, str]:
    """Return a complaint for each resource of a kind that a service does not need, by the name of its field."""
    if not picked:
        return {}
    needed = set(service.needs.values_list("kind", flat=True))
    return {
        name: f"{service.name} needs no {kind_text(resource.kind)}: leave it at “{ANY}”."
        for name, resource in picked.items()
        if resource.kind not in needed
    }


def with_resource_names(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Give each appointment `resource_names`, the names of what it uses, in the same query."""
    place = Func(OuterRef("resource_ids"), F("id"), function="array_position", output_field=IntegerField())
    used = Resource.objects.alias(place=place).filter(business_id=OuterRef("business_id"), place__isnull=False)
    return rows.annotate(resource_names=ArraySubquery(used.order_by("name").values("name")))


def what_is_booked(appointment: Appointment) -> str:
    """Return the service as it was agreed, with the number of places when there are several."""
    several = f" ({appointment.places} places)" if appointment.places > 1 else ""
    return f"{appointment.service_name}{several}"
