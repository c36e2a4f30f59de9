"""What tests of operations look at: everything that a refusal must leave as it was, and what changes underneath."""

from typing import Any

import pytest
from django.db import transaction

from audit.models import AuditLog
from bookings.models import Appointment, BusyTime, Reservation
from businesses.models import Service
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

COMMITTED = pytest.mark.django_db(transaction=True)


def occupancy_of(shop: Shop) -> list[tuple[object, ...]]:
    with acting_as(shop.public), transaction.atomic():
        rows = BusyTime.objects.filter(business_id=shop.business.id)
        return sorted(rows.values_list("source_id", "staff_id", "during", "expires_at"), key=str)


def everything(shop: Shop) -> list[Any]:
    """Return what a refused operation must leave as it was: occupancy, rows, messages and history."""
    with acting_as(shop.employees), transaction.atomic():
        holds = Reservation.objects.filter(business=shop.business).values_list("id", "status")
        rows = Appointment.objects.filter(business=shop.business).values_list("id", "version", "status", "starts_at")
        mails = NotificationLog.objects.filter(business=shop.business).values_list("id")
        entries = AuditLog.objects.filter(business_id=shop.business.id).values_list("id")
        return [occupancy_of(shop), *(sorted(found) for found in (holds, rows, mails, entries))]


def change_service(shop: Shop, slug: str = "cut", **fields: Any) -> None:
    with shop.changes():
        Service.objects.filter(business=shop.business, slug=slug).update(**fields)
    shop.services[slug].refresh_from_db()
