"""Pages of the catalogue: what is offered, and the rooms, chairs and machines that it uses. The owner changes them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Field, Model, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from businesses.backoffice.admin_site import workplace
from businesses.backoffice.catalogue_warnings import fewer_than_people, needs_nobody_meets
from businesses.backoffice.editable_admin import KeptAdmin, OwnAdmin
from businesses.backoffice.form_fields import OwnForm, PriceField, VersionedForm
from businesses.backoffice.kinds_of_resource import kind_text
from businesses.backoffice.service_form import ServiceForm
from businesses.backoffice.typed_decorators import display
from businesses.models import Category, Resource, Service, ServiceResource, ServiceStaff
from businesses.money import price_text


@admin.register(Category)
class CategoryAdmin(OwnAdmin):
    list_display = ("name", "position")
    search_fields = ("name",)
    fields = ("name", "position")


class AssignmentInline(TabularInline):  # type: ignore[misc]
    """The people who do a service. One without people needs nobody in particular."""

    model = ServiceStaff
    form = OwnForm
    fields = ("staff",)
    extra = 0
    verbose_name_plural = "Done by"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        found = super().formfield_for_foreignkey(db_field, request, **kwargs)
        # A row of a table has no label of its own, and a screen reader would say nothing.
        found.widget.attrs["aria-label"] = "Done by"
        return found


@admin.register(Service)
class ServiceAdmin(KeptAdmin):
    form = ServiceForm
    list_display = ("name", "category", "duration", "price", "capacity", "done_by", "uses", "is_active")
    list_filter = ("is_active", "category")
    list_select_related = ("category", "business")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (AssignmentInline,)
    fieldsets = (
        ("Service", {"fields": ("name", "slug", "category", "description", ("is_active", "position"))}),
        ("Price and time", {"fields": (("price_cents", "duration_minutes"), "slot_interval_minutes")}),
        (
            "Places",
            {
                "fields": (
                    ("max_simultaneous_bookings", "is_group"),
                    ("buffer_before_minutes", "buffer_after_minutes"),
                    "kinds",
                )
            },
        ),
        (
            "Processing time",
            {
                "fields": (("processing_after_minutes", "processing_minutes"),),
                "description": (
                    "A gap in which the customer stays and the person is free for others, as while a colour works. Of"
                    " 90 minutes that begin with 30 of work and then 30 of waiting, write 30 and 30."
                ),
            },
        ),
    )

    # For people who only look: without web names and positions, which mean something to those who change them alone.
    viewed_fieldsets = (
        ("Service", {"fields": ("name", "category", "description", "is_active")}),
        ("Price and time", {"fields": (("price", "duration"), ("buffer_before_minutes", "buffer_after_minutes"))}),
        ("Places", {"fields": (("capacity", "uses"), "processing")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        rows: QuerySet[Service] = super().get_queryset(request)
        return rows.prefetch_related("staff", "needs")  # what columns name: one query each, not one a row

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Any]:
        # A new name must not change a slug that links already carry.
        return {} if obj is not None else super().get_prepopulated_fields(request, obj)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        # Stored in minor units, typed in main units: how many decimals there are depends on the currency.
        if db_field.name == "price_cents":
            business = workplace(request)
            return PriceField(
                currency=business.currency, locale=business.locale, label="Price", help_text=f"In {business.currency}."
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="Price", ordering="price_cents")
    def price(self, service: Service) -> str:
        return price_text(service.price_cents, service.business.currency, service.business.locale)

    @display(description="Minutes", ordering="duration_minutes")
    def duration(self, service: Service) -> int:
        return service.duration_minutes

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save people and kinds, then say what of the whole is seldom meant."""
        super().save_related(request, form, formsets, change)
        form.save_kinds()
        service: Service = form.instance
        for warning in [fewer_than_people(service), *needs_nobody_meets(service.business_id)]:
            if warning:
                messages.warning(request, warning)

    @display(description="Places", ordering="max_simultaneous_bookings")
    def capacity(self, service: Service) -> str:
        places = service.max_simultaneous_bookings
        return f"{places} (class)" if service.is_group else str(places or "–")

    @display(description="Needs")
    def uses(self, service: Service) -> str:
        return ", ".join(sorted(kind_text(need.kind) for need in service.needs.all())) or "–"

    @display(description="Processing time")
    def processing(self, service: Service) -> str:
        after, minutes = service.processing_after_minutes, service.processing_minutes
        return f"{minutes} min, from {after} min after the start" if minutes else "none"

    @display(description="Done by")
    def done_by(self, service: Service) -> str:
        return ", ".join(person.name for person in service.staff.all()) or "–"


class ResourceForm(VersionedForm):
    class Meta:
        labels = {"max_simultaneous_bookings": "Bookings at a time"}
        help_texts = {
            "slug": "Its name in web addresses.",
            "kind": (
                "What it is, in small letters: room, chair, massage-table. Services ask for a kind, and take any free"
                " resource of that kind."
            ),
            "max_simultaneous_bookings": "How many bookings or classes it serves at once, in all services together.",
            "position": "Lower comes first.",
            "is_active": "Off: no new booking takes it; what is booked keeps it.",
        }


@admin.register(Resource)
class ResourceAdmin(KeptAdmin):
    """Rooms, chairs and machines."""

    form = ResourceForm
    list_display = ("name", "kind", "capacity", "needed_by", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "slug", "kind")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "kind", "max_simultaneous_bookings", "position", "is_active")
    viewed_fieldsets = (("Resource", {"fields": ("name", "kind", "capacity", "needed_by", "is_active")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resource]:
        needs = ServiceResource.objects.filter(business_id=OuterRef("business_id"), kind=OuterRef("kind"))
        names = ArraySubquery(needs.order_by("service__position", "service__name").values("service__name"))
        rows: QuerySet[Resource] = super().get_queryset(request)
        return rows.annotate(needed_by=names)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Any]:
        return {} if obj is not None else super().get_prepopulated_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Resource, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _warn_of_needs(request)

    def delete_model(self, request: HttpRequest, obj: Resource) -> None:
        super().delete_model(request, obj)
        _warn_of_needs(request)

    def kept_because(self, count: int) -> str:
        return "Bookings use it. Untick “active” instead: then no new booking takes it; what is booked keeps it."

    @display(description="Bookings at a time", ordering="max_simultaneous_bookings")
    def capacity(self, resource: Resource) -> int:
        return resource.max_simultaneous_bookings

    @display(description="Needed by")
    def needed_by(self, resource: Any) -> str:
        return ", ".join(resource.needed_by) or "–"


def _warn_of_needs(request: HttpRequest) -> None:
    for warning in needs_nobody_meets(workplace(request).pk):
        messages.warning(request, warning)
