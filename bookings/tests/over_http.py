"""Who talks to the API in the tests of bookings, about what, and what a refusal must leave as it was."""

from datetime import datetime
from typing import Any

from bookings.models import Appointment, BusyTime
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api, answered
from rhivo.tokens import guest_token

APPOINTMENT_FIELDS = {
    *("id", "reference", "business", "service", "staff", "start", "end", "timezone", "status", "version"),
    *("price_cents", "currency", "customer", "notes", "answers", "cancel_until", "reschedule_until", "created_at"),
    *("visit", "places", "resources"),
}


def staff_of(shop: Shop) -> Api:
    return Api().as_(shop.employee, role="staff", business_id=shop.business.id)


def customer_of(shop: Shop) -> Api:
    return Api().as_(shop.customer)


def guest_of(appointment: Appointment) -> Api:
    token = guest_token(appointment.reservation_id or appointment.id)
    return Api().with_token(answered(Api().post("/api/v1/auth/guest/", {"cancellation_token": token}))["access"])


def path_of(appointment: Appointment, action: str = "") -> str:
    return f"/api/v1/appointments/{appointment.id}/{action}"


def state(shop: Shop) -> list[Any]:
    """Return everything about a business's bookings that a refused request could have changed."""
    with acting_as(shop.employees):
        claims = BusyTime.objects.filter(business_id=shop.business.id).values_list("source_id", "during", "staff_id")
        rows = Appointment.objects.filter(business=shop.business).values_list("id", "version", "status", "starts_at")
        return sorted([*claims, *rows], key=str)


def ask_hold(shop: Shop, start: datetime, **fields: Any) -> dict[str, Any]:
    return {"service": shop.service().slug, "start": start.isoformat()} | fields
