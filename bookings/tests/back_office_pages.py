"""What tests of the pages of the back office share: what a form sends, and what is there afterwards."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.test import Client

from bookings.models import Appointment
from bookings.rules.reasons import Override
from businesses.models import User
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

Pages = Callable[[User], Client]
EVERYTHING = list(Override)
BOOK = "admin:bookings_appointment_add"


def fresh(shop: Shop, appointment: Appointment) -> Appointment:
    with acting_as(shop.owners):
        return Appointment.objects.select_related("staff").get(pk=appointment.pk)


def shown(response: Any) -> str:
    return str(response.content.decode())


def typed(start: datetime, shop: Shop, **fields: str) -> dict[str, str]:
    """Return what is typed to book a cut for Gino."""
    local = start.astimezone(shop.business.zone)
    return {
        "service": str(shop.service().id),
        "staff": "",
        "day": local.date().isoformat(),
        "clock": local.strftime("%H:%M"),
        "name": "Gino",
        "email": "gino@example.com",
        "key": uuid4().hex,
    } | fields
