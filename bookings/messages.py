"""Messages to customers on their appointments: by which channel, and the facts as JSON for a template.

The text is made when a message is sent, perhaps after the next change. So the message carries all its facts.
"""

from collections.abc import Sequence
from typing import Any

from bookings.models import Appointment
from notifications.channels import Channel, channel_to
from notifications.outbox import enqueue


def enqueue_for_customer(appointment: Appointment, event: str, others: Sequence[Appointment] = ()) -> None:
    """Enqueue the message of an event (confirmed, rescheduled, canceled), if a channel reaches the customer.

    `others` are the other parts of its visit that the event is about: one message tells of all.
    """
    if (reached := channel_to_customer(appointment)) is None:
        return
    channel, recipient = reached
    enqueue(
        channel=channel,
        business_id=appointment.business_id,
        # The key that the policy `tells_the_truth_of_bookings` asks for. It names the version and is unique, so that a
        # customer gets one message about each change.
        about=f"{appointment.id} {event} {appointment.version}",
        template=f"appointment_{event}",
        recipient=recipient,
        locale=appointment.business.locale,
        context=facts(appointment, others),
    )


def channel_to_customer(appointment: Appointment) -> tuple[Channel, str] | None:
    """Return the channel by which a customer gets messages and their address there, None if nothing reaches them."""
    return channel_to(email=appointment.customer_email, phone=appointment.customer_phone)


def facts(appointment: Appointment, others: Sequence[Appointment] = ()) -> dict[str, Any]:
    """Return what a message says of a visit, given its first part and the others; RFC 3339 in the business's zone."""
    visit = [appointment, *others]
    business = appointment.business
    zone = business.zone
    # Not the token itself: whoever reads the outbox must not open bookings. The worker derives it from this id.
    source = appointment.reservation_id or appointment.id
    return {
        "appointment_id": str(appointment.id),
        "reference": appointment.reference,
        "version": appointment.version,
        "service": ", ".join(part.service_name for part in visit),
        # Each name once, in the order in which they are met.
        "staff": ", ".join(dict.fromkeys(part.staff.name for part in visit if part.staff)),
        "resources": list(dict.fromkeys(resource.name for part in visit for resource in part.resources)),
        "places": appointment.places,
        "start": appointment.starts_at.astimezone(zone).isoformat(),
        "end": visit[-1].ends_at.astimezone(zone).isoformat(),
        "timezone": business.timezone,
        "price_cents": sum(part.price_cents for part in visit),
        "currency": appointment.currency,
        "customer_name": appointment.customer_name,
        "business": {
            "name": business.name,
            "subdomain": business.subdomain,
            "address": business.address,
            "phone": business.phone,
            "email": business.email,
        },
        # A customer with an account has no token: the link leads to their own bookings, behind the log-in.
        "manage_token_of": str(source) if appointment.cancellation_token_hash else "",
    }
