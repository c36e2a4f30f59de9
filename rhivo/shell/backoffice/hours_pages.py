"""Opening hours in the back office: weekly windows and exceptions by date, of the business or of one person."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, Field, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.widgets import UnfoldAdminRadioSelectWidget

from bookings.models import Appointment
from bookings.outside_hours import outside_hours
from businesses.backoffice.admin_site import workplace
from businesses.backoffice.editable_admin import OwnAdmin
from businesses.backoffice.form_fields import ClockField, OwnForm
from businesses.backoffice.typed_decorators import display
from businesses.models import Availability
from rhivo.clock import now
from rhivo.text.local_time import local_time
from rhivo.text.plurals import counted

WEEKLY, BY_DATE = "weekly", "dates"
SHOWN = 10  # of the bookings that a change leaves outside hours; the others are counted


class HoursForm(OwnForm):
    """One window of every week, or of some dates; some dates may also be closed."""

    kind = forms.ChoiceField(
        choices=[(WEEKLY, "Every week"), (BY_DATE, "On certain dates")],
        widget=UnfoldAdminRadioSelectWidget,
        label="When",
        initial=WEEKLY,
    )
    opens = ClockField(required=False, label="From")
    closes = ClockField(required=False, label="To", help_text="24:00 is the end of the day.")

    class Meta:
        help_texts = {
            "last_date": "The same date again for a single day.",
            "reason": "Shown to customers, such as Holidays or Market day.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.first_date is not None:
            self.initial["kind"] = BY_DATE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # The page hides the fields of the other kind and sends them all the same: what they hold must not be saved.
        if cleaned.get("kind") == WEEKLY:
            cleaned |= {"first_date": None, "last_date": None, "reason": ""}
            self._require("weekday", "opens", "closes")
        else:
            cleaned["weekday"] = None
            cleaned["last_date"] = cleaned.get("last_date") or cleaned.get("first_date")
            self._require("first_date")
            if cleaned.get("opens") is not None or cleaned.get("closes") is not None:
                self._require("opens", "closes")
            self._check_order("first_date", "last_date", "The last date is before the first.")
        self._check_order("opens", "closes", "It closes before it opens; 24:00 is the latest close.", equal=True)
        return cleaned

    def _require(self, *names: str) -> None:
        for name in names:
            # A field that could not be read has its own complaint already.
            if self.cleaned_data.get(name) is None and name not in self.errors:
                self.add_error(name, "This is needed.")

    def _check_order(self, first: str, last: str, complaint: str, *, equal: bool = False) -> None:
        one, other = self.cleaned_data.get(first), self.cleaned_data.get(last)
        if one is not None and other is not None and (other < one or (equal and one == other)):
            self.add_error(last, complaint)


class WhenFilter(admin.SimpleListFilter):
    """Weekly hours and coming exceptions; those that are over only when asked for."""

    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("weekly", "Every week"), ("dates", "Coming dates"), ("past", "Past dates")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Availability]) -> QuerySet[Availability]:
        today = now().astimezone(workplace(request).zone).date()
        match self.value():
            case "weekly":
                return queryset.filter(weekday__isnull=False)
            case "dates":
                return queryset.filter(last_date__gte=today)
            case "past":
                return queryset.filter(last_date__lt=today)
        return queryset.exclude(last_date__lt=today)


@admin.register(Availability)
class AvailabilityAdmin(OwnAdmin):
    """After each change the owner is shown the upcoming bookings that it leaves outside hours."""

    form = HoursForm
    list_display = ("whose", "day", "hours")
    list_display_links = ("whose", "day")
    list_filter = (WhenFilter, "staff")
    list_select_related = ("staff",)
    list_per_page = 200
    # The business's own hours come first: they have no person.
    ordering = (F("staff__name").asc(nulls_first=True), "weekday", "first_date", "opens")
    fieldsets = (
        (
            None,
            {
                "fields": ("staff", "kind", "weekday", ("first_date", "last_date"), ("opens", "closes"), "reason"),
                "description": (
                    "A day may have several windows: the time between two is a break. On certain dates, times replace "
                    "the weekly ones; without times it is closed. A person without hours of their own works the "
                    "business's."
                ),
            },
        ),
    )
    viewed_fieldsets = ((None, {"fields": ("whose", "day", "hours")}),)
    conditional_fields = {
        "weekday": "kind == 'weekly'",
        "first_date": "kind == 'dates'",
        "last_date": "kind == 'dates'",
        "reason": "kind == 'dates'",
    }

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "staff":
            field.empty_label, field.label = "The whole business", "Whose"
        return field

    def save_model(self, request: HttpRequest, obj: Availability, form: HoursForm, change: bool) -> None:
        with _bookings_left_outside_shown(request):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with _bookings_left_outside_shown(request):
            super().delete_model(request, obj)

    @display(description="Whose", ordering="staff__name")
    def whose(self, row: Availability) -> str:
        return row.staff.name if row.staff else "The whole business"

    @display(description="Day", ordering="weekday")
    def day(self, row: Availability) -> str:
        if row.weekday is not None:
            return str(row.get_weekday_display())
        first, last = (day.strftime("%a %-d %b %Y") for day in (row.first_date, row.last_date) if day)
        return first if first == last else f"{first} – {last}"

    @display(description="Hours")
    def hours(self, row: Availability) -> str:
        return row.span[:1].upper() + row.span[1:]


@contextmanager
def _bookings_left_outside_shown(request: HttpRequest) -> Iterator[None]:
    """Warn of the bookings that a change of hours leaves outside."""
    at = now()
    # Staff may book outside hours on purpose: only what this change has added is worth a warning.
    known = {row.pk for row in outside_hours(workplace(request), at=at)}
    yield
    left_out = [row for row in outside_hours(workplace(request), at=at) if row.pk not in known]
    if left_out:
        _warn_of(request, left_out)


def _warn_of(request: HttpRequest, left_out: list[Appointment]) -> None:
    listed = format_html_join(
        ", ",
        '<a class="underline" href="{}">{}</a> ({})',
        (
            (reverse("admin:bookings_appointment_change", args=[row.pk]), row.reference, local_time(row.starts_at))
            for row in left_out[:SHOWN]
        ),
    )
    verbs = ("is", "stays") if len(left_out) == 1 else ("are", "stay")
    count = counted(len(left_out), "upcoming booking")
    more = f" and {len(left_out) - SHOWN} more" if len(left_out) > SHOWN else ""
    messages.warning(request, format_html("{} {} now outside hours and {} booked: {}{}.", count, *verbs, listed, more))
