"""The filter of the list of appointments by their date."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from bookings.models import Appointment
from businesses.backoffice.admin_site import workplace
from rhivo.clock import now


class DateFilter(admin.SimpleListFilter):
    """Today and coming at first. A search looks at all dates unless a span is chosen. Days are the business's."""

    title = "date"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today"), ("tomorrow", "Tomorrow"), ("week", "Next 7 days"), ("past", "Past"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        # Django calls the choice of no value "All", which is one of our values.
        first, *others = super().choices(changelist)
        return [first | {"display": "Today and coming"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> QuerySet[Appointment]:
        def midnight(days: int) -> datetime:
            # From the date, not by adding hours: a day has 23 or 25 of them when the clocks change.
            day = now().astimezone(workplace(request).zone).date() + timedelta(days=days)
            return datetime(day.year, day.month, day.day, tzinfo=workplace(request).zone)

        match self.value():
            case "today":
                return queryset.filter(starts_at__gte=midnight(0), starts_at__lt=midnight(1))
            case "tomorrow":
                return queryset.filter(starts_at__gte=midnight(1), starts_at__lt=midnight(2))
            case "week":
                return queryset.filter(starts_at__gte=midnight(0), starts_at__lt=midnight(7))
            case "past":
                return queryset.filter(starts_at__lt=now())
            case None if not request.GET.get("q"):
                return queryset.filter(starts_at__gte=midnight(0))
        return queryset
