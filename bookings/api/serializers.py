"""What the API reads and shows of slots, holds and appointments."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from bookings.models import Appointment, Reservation, Status
from bookings.operations import Booked
from bookings.rules.reasons import Override
from businesses.api.serializers import NamedSerializer
from rhivo.api.serializers import StrictSerializer


class Instant(serializers.DateTimeField):
    """An RFC 3339 instant; one without an offset is refused rather than guessed."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or "T" not in str(value).upper():
            raise serializers.ValidationError("Write an instant with its offset, such as 2027-03-01T09:00:00+01:00.")
        try:
            return instant.astimezone(UTC)
        except OverflowError as error:
            raise serializers.ValidationError("This instant is out of range.") from error


def optional_text(max_length: int) -> serializers.CharField:
    """Return a field that may be left out or blank, and is '' then."""
    return serializers.CharField(max_length=max_length, allow_blank=True, required=False, default="")


# `from` is no Python name: it joins a serializer's fields by `get_fields`.
class SlotsQuery(StrictSerializer):
    service = serializers.CharField(max_length=63, help_text="Id or slug")
    staff = serializers.CharField(max_length=63, required=False, help_text="Id or slug; anyone if left out")
    include = serializers.ChoiceField(choices=["unavailable"], required=False)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {
            "from": serializers.DateField(help_text="First local date"),
            "to": serializers.DateField(help_text="Last local date, included; at most 62 days"),
        }


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    remaining = serializers.IntegerField()
    staff = serializers.ListField(child=serializers.CharField(), help_text="Slugs of who is free, best choice first")
    reason = serializers.CharField(required=False, help_text="Only with include=unavailable: why it is not offered")


class DaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    slots = SlotSerializer(many=True)


class SlotsSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    days = DaySerializer(many=True)


class HoldRequest(StrictSerializer):
    service = serializers.CharField(max_length=63, help_text="Id or slug")
    start = Instant()
    staff = serializers.CharField(max_length=63, required=False, allow_null=True, help_text="Id or slug")


class HoldSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    service = NamedSerializer()
    staff = NamedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class CommitRequest(StrictSerializer):
    reservation = serializers.UUIDField()
    name = optional_text(120)
    email = optional_text(254)
    phone = optional_text(32)
    notes = optional_text(2000)
    answers = serializers.DictField(required=False, default=dict)


class CustomerRequest(StrictSerializer):
    name = serializers.CharField(max_length=120)
    email = optional_text(254)
    phone = optional_text(32)


class StaffBookingRequest(StrictSerializer):
    service = serializers.CharField(max_length=63, help_text="Id or slug")
    start = Instant()
    staff = serializers.CharField(max_length=63, required=False, allow_null=True, help_text="Id or slug")
    customer = CustomerRequest()
    notes = optional_text(2000)
    override = serializers.ListField(
        child=serializers.ChoiceField(choices=[item.value for item in Override]), required=False, default=list
    )


class CancelRequest(StrictSerializer):
    reason = optional_text(500)


class RescheduleRequest(StrictSerializer):
    start = Instant()
    staff = serializers.CharField(
        max_length=63, required=False, allow_null=True, help_text="Left out: the same person; null: anyone"
    )
    service = serializers.CharField(max_length=63, required=False)


class OutcomeRequest(StrictSerializer):
    """Nothing to say."""


class AppointmentsQuery(StrictSerializer):
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    service = serializers.CharField(max_length=63, required=False, help_text="Id or slug")
    staff = serializers.CharField(max_length=63, required=False, help_text="Id or slug")
    cursor = serializers.CharField(required=False, max_length=500)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {
            "from": serializers.DateField(required=False, help_text="First local date of the start"),
            "to": serializers.DateField(required=False, help_text="Last local date of the start, included"),
        }


class ContactSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()


class AppointmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    business = serializers.CharField(help_text="Subdomain")
    service = NamedSerializer()
    staff = NamedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    timezone = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    version = serializers.IntegerField()
    price_cents = serializers.IntegerField()
    currency = serializers.CharField()
    customer = ContactSerializer()
    notes = serializers.CharField()
    answers = serializers.DictField()
    cancel_until = serializers.DateTimeField(allow_null=True)
    reschedule_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewAppointmentSerializer(AppointmentSerializer):
    cancellation_token = serializers.CharField(required=False, help_text="A guest's, shown this once")


class AppointmentPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AppointmentSerializer(many=True)


class GuestExchange(StrictSerializer):
    cancellation_token = serializers.CharField(max_length=200)


class AccessTokenSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Valid for 15 minutes, for one appointment")


def hold_json(hold: Reservation) -> dict[str, Any]:
    """Return a hold as the API shows it; instants in the business's zone."""
    zone = hold.business.zone
    return {
        "id": str(hold.id),
        "service": {"id": str(hold.service.id), "slug": hold.service.slug, "name": hold.service_name},
        "staff": person_json(hold.staff),
        "start": hold.starts_at.astimezone(zone).isoformat(),
        "end": hold.ends_at.astimezone(zone).isoformat(),
        "expires_at": hold.expires_at.astimezone(zone).isoformat(),
    }


def person_json(person: Any) -> dict[str, str] | None:
    return {"id": str(person.id), "slug": person.slug, "name": person.name} if person else None


def appointment_json(appointment: Appointment) -> dict[str, Any]:
    """Return an appointment as the API shows it; what was agreed as it was agreed, instants in the business's zone."""
    business, zone = appointment.business, appointment.business.zone

    def local(instant: datetime | None) -> str | None:
        return instant.astimezone(zone).isoformat() if instant else None

    return {
        "id": str(appointment.id),
        "reference": appointment.reference,
        "business": business.subdomain,
        "service": {
            "id": str(appointment.service_id),
            "slug": appointment.service.slug,
            "name": appointment.service_name,
        },
        "staff": person_json(appointment.staff),
        "start": local(appointment.starts_at),
        "end": local(appointment.ends_at),
        "timezone": business.timezone,
        "status": appointment.status,
        "version": appointment.version,
        "price_cents": appointment.price_cents,
        "currency": appointment.currency,
        "customer": {
            "name": appointment.customer_name,
            "email": appointment.customer_email,
            "phone": appointment.customer_phone,
        },
        "notes": appointment.notes,
        "answers": appointment.answers,
        "cancel_until": local(appointment.cancel_until),
        "reschedule_until": local(appointment.reschedule_until),
        "created_at": local(appointment.created_at),
    }


def booked_json(booked: Booked) -> dict[str, Any]:
    """Return a new appointment, with a guest's token."""
    body = appointment_json(booked.appointment)
    return body | ({"cancellation_token": booked.cancellation_token} if booked.cancellation_token else {})
