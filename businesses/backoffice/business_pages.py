"""Pages of the people and the settings of a business. The owner changes them; staff may look."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from businesses.backoffice.admin_site import workplace
from businesses.backoffice.editable_admin import KeptAdmin, VersionedAdmin
from businesses.backoffice.form_fields import QuestionsField, VersionedForm
from businesses.backoffice.typed_decorators import display
from businesses.backoffice.view_only_admin import ViewOnlyAdmin
from businesses.backoffice.zone_choices import zone_choices
from businesses.models import Business, Membership, Staff

# Rows are deleted on their own page: it alone answers in words when a booking comes in between.
admin.site.disable_action("delete_selected")
# Django's groups give nothing here: what people may do follows from their memberships.
admin.site.unregister(Group)

QUESTIONS_HELP = (
    "What customers are asked when they book, as a JSON list. Each question has a key (a-z, 0-9, _), a label and a "
    "kind: text, choice or checkbox; a choice lists its choices; required is true or false. Example: "
    '[{"key": "hair", "label": "How long is your hair?", "kind": "choice", "choices": ["short", "long"], '
    '"required": true}]'
)


class BusinessForm(VersionedForm):
    timezone = forms.ChoiceField(
        choices=zone_choices,
        widget=UnfoldAdminSelectWidget,
        label="Time zone",
        help_text="All hours, days and times of the business are in this zone.",
    )
    questions = QuestionsField(required=False, help_text=QUESTIONS_HELP)

    class Meta:
        help_texts = {
            "subdomain": "Where customers find you. When you change it, links that you gave out stop working.",
            "is_active": "Off: your pages are closed to customers.",
            "slot_interval_minutes": "Minutes between the starts offered, from each opening.",
            "hold_minutes": "How long a time is held for a visitor who fills in the form.",
            "min_notice_minutes": "How soon before its start a time can still be booked.",
            "max_advance_days": "How many days ahead can be booked.",
            "max_wait_minutes": (
                "Minutes that a customer may have to wait between two services of one visit; 0: the next begins where"
                " the last ended. Multiples of 5, at most 60."
            ),
            "cancellation_deadline_hours": "Up to how many hours before the start.",
            "reschedule_deadline_hours": "Up to how many hours before the start.",
            "accent_color": "The colour of your booking pages, such as #1f6f5c.",
        }


@admin.register(Business)
class BusinessAdmin(VersionedAdmin):
    """The settings of the business. There is one, so the list leads straight to it."""

    form = BusinessForm
    fieldsets = (
        ("Business", {"fields": ("name", "tagline", ("email", "phone"), "address", "accent_color")}),
        ("Address on the web", {"fields": ("subdomain", ("is_active", "is_listed"))}),
        ("Place", {"fields": ("timezone", ("locale", "currency"))}),
        (
            "Booking rules",
            {
                "fields": (
                    ("slot_interval_minutes", "hold_minutes"),
                    ("min_notice_minutes", "max_advance_days"),
                    ("max_per_customer_per_day", "max_upcoming_per_customer"),
                    "max_wait_minutes",
                )
            },
        ),
        (
            "Canceling and rescheduling by customers",
            {
                "fields": (
                    ("allows_cancellation", "cancellation_deadline_hours"),
                    ("allows_rescheduling", "reschedule_deadline_hours"),
                ),
                "description": "For bookings made from now on. Earlier ones keep the terms that were agreed.",
            },
        ),
        ("What customers are asked", {"fields": (("requires_email", "requires_phone"), "questions")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Business]:
        # Active businesses are public rows, so row security alone would show the others as well.
        return Business.objects.filter(pk=workplace(request).pk)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:businesses_business_change", args=[workplace(request).pk]))


class StaffForm(VersionedForm):
    class Meta:
        labels = {"max_simultaneous_bookings": "Bookings at a time"}
        help_texts = {
            "slug": "Their name in web addresses.",
            "position": "Lower comes first.",
            "max_simultaneous_bookings": (
                "How many customers they serve at once, in all services together: 1 to 5. Usually 1. A class counts as"
                " one, however many take part."
            ),
            "is_active": "Off: nobody can book them; what is booked stays.",
        }


@admin.register(Staff)
class StaffAdmin(KeptAdmin):
    form = StaffForm
    list_display = ("name", "title", "position", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "slug", "title")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "title", "max_simultaneous_bookings", "position", "is_active")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Any]:
        return {} if obj is not None else super().get_prepopulated_fields(request, obj)


@admin.register(Membership)
class MembershipAdmin(ViewOnlyAdmin):
    """The people who may log in to this back office, and their roles. Operators grant and withdraw them."""

    list_display = ("user", "email", "role", "staff")
    list_filter = ("role",)
    list_select_related = ("user", "staff")
    search_fields = ("user__name", "user__email")
    fields = ("user", "email", "role", "staff")

    @display(description="Email", ordering="user__email")
    def email(self, membership: Membership) -> str:
        return membership.user.email
