"""The first page of the back office: whom to expect today, and who comes in the next days."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from bookings.models import Appointment, Status
from businesses.admin_site import workplace
from rhivo.clock import now

COMING = 20
LINK = '<a class="font-semibold text-primary-600 dark:text-primary-400" href="{}">{}</a>'
HEADERS = ["Time", "Customer", "Service", "With", "Status"]


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add today's appointments and the coming ones, by the business's days."""
    midnight = now().astimezone(workplace(request).zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (midnight + timedelta(days=1)).replace(tzinfo=workplace(request).zone)
    shown = Appointment.objects.select_related("staff").order_by("starts_at", "id")
    of_today = shown.filter(starts_at__gte=midnight, starts_at__lt=tomorrow).exclude(status=Status.CANCELED)
    coming = shown.filter(starts_at__gte=tomorrow, status=Status.CONFIRMED)[:COMING]
    return context | {
        "day": midnight.strftime("%A, %-d %B %Y"),
        "today": _table(of_today, "%H:%M"),
        "coming": _table(coming, "%a %-d %b, %H:%M"),
    }


def _table(rows: Any, how: str) -> dict[str, Any]:
    return {"headers": HEADERS, "rows": [_row(row, timezone.localtime(row.starts_at), how) for row in rows]}


def _row(row: Appointment, start: datetime, how: str) -> list[Any]:
    page = reverse("admin:bookings_appointment_change", args=[row.pk])
    link = format_html(LINK, page, start.strftime(how))
    return [link, row.customer_name, row.service_name, row.staff.name if row.staff else "–", row.get_status_display()]
