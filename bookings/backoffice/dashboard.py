"""The first page of the back office: whom to expect today, and who comes in the next days."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from bookings.models import Appointment, Status
from businesses.backoffice.admin_site import workplace
from rhivo.clock import now

COMING = 20


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add today's appointments and the coming ones, by the business's days."""
    midnight = now().astimezone(workplace(request).zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + timedelta(days=1)  # same wall clock, whatever the clocks do in between
    shown = Appointment.objects.select_related("staff").order_by("starts_at", "id")
    return context | {
        "day": midnight.strftime("%A, %-d %B %Y"),
        "today": shown.filter(starts_at__gte=midnight, starts_at__lt=tomorrow).exclude(status=Status.CANCELED),
        "coming": shown.filter(starts_at__gte=tomorrow, status=Status.CONFIRMED)[:COMING],
    }
