"""The first page of the back office: who comes today, and who comes next."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from bookings.backoffice.resource_choice import with_resource_names
from bookings.models import Appointment, Status
from businesses.backoffice.admin_site import workplace
from rhivo.clock import now

COMING = 20


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the first page, with today's appointments and the next ones, by the business's days.

    Unfold calls it by its name in the settings.
    """
    midnight = now().astimezone(workplace(request).zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + timedelta(days=1)  # same wall clock, whatever the clocks do in between
    shown = with_resource_names(Appointment.objects.select_related("staff")).order_by("starts_at", "id")
    return context | {
        "day": midnight.strftime("%A, %-d %B %Y"),
        # Completed ones and no-shows too: in today's list people also mark how each appointment ended.
        "today": shown.filter(starts_at__gte=midnight, starts_at__lt=tomorrow).exclude(status=Status.CANCELED),
        "coming": shown.filter(starts_at__gte=tomorrow, status=Status.CONFIRMED)[:COMING],
    }
