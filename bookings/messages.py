"""What customers are notified of: facts of an appointment as JSON for a template. Nothing is looked up later."""

from typing import Any

from bookings.models import Appointment
from notifications.outbox import enqueue_email


def enqueue_for_customer(appointment: Appointment, event: str) -> None:
    """Enqueue a mail to the customer on an event (confirmed, rescheduled, canceled), if there is an address."""
    if appointment.customer_email:
        enqueue_email(
            business_id=appointment.business_id,
            about=f"{appointment.id} {event} {appointment.version}",
            template=f"appointment_{event}",
            recipient=appointment.customer_email,
            locale=appointment.business.locale,
            context=facts(appointment),
        )


def facts(appointment: Appointment) -> dict[str, Any]:
    """Return what a message says of an appointment; instants as RFC 3339 in the business's zone."""
    business = appointment.business
    zone = business.zone
    source = appointment.reservation_id or appointment.id
    return {
        "appointment_id": str(appointment.id),
        "reference": appointment.reference,
        "version": appointment.version,
        "service": appointment.service_name,
        "staff": appointment.staff.name if appointment.staff else "",
        "start": appointment.starts_at.astimezone(zone).isoformat(),
        "end": appointment.ends_at.astimezone(zone).isoformat(),
        "timezone": business.timezone,
        "price_cents": appointment.price_cents,
        "currency": appointment.currency,
        "customer_name": appointment.customer_name,
        "business": {
            "name": business.name,
            "subdomain": business.subdomain,
            "address": business.address,
            "phone": business.phone,
            "email": business.email,
        },
        "manage_token_of": str(source) if appointment.cancellation_token_hash else "",
    }
