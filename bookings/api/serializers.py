"""What the API reads and shows of slots, holds and appointments: one class for the schema and the answer."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.models import Status
from bookings.operations import Booked
from bookings.rules.reasons import Override
from bookings.rules.slots import Slot
from businesses.api.serializers import NamedSerializer
from rhivo.api.pagination import PageSerializer
from rhivo.api.serializers import StrictSerializer

MOST_PLACES = 1000  # what the database allows


class Instant(serializers.DateTimeField):
    """An RFC 3339 instant; one without an offset is refused rather than guessed."""

    def to_internal_value(self, value: Any) -> datetime:
        # Not DRF's reading: it takes an instant without an offset for one in the server's zone.
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or "T" not in str(value).upper():
            raise serializers.ValidationError("Write an instant with its offset, such as 2027-03-01T09:00:00+01:00.")
        # East of Greenwich the first hours of the year 1 lie before Python's calendar in UTC; west, the last of 9999.
        try:
            return instant.astimezone(UTC)
        except OverflowError as error:
            raise serializers.ValidationError("This instant is out of range.") from error


class LocalInstant(serializers.DateTimeField):
    """An instant of a row, shown in the zone of the row's business."""

    def get_attribute(self, instance: Any) -> datetime | None:
        # The zone is known here alone: `to_representation` is given the instant without its row.
        instant: datetime | None = super().get_attribute(instance)
        return instant and instant.astimezone(instance.business.zone)

    def to_representation(self, value: datetime) -> str:
        # DRF's own would convert to the server's zone, UTC, and write `Z`.
        return value.isoformat()


@extend_schema_field(NamedSerializer)
class AgreedServiceSerializer(NamedSerializer):
    """The service of a hold or an appointment under the name that was agreed, whatever it is called today."""

    id = serializers.UUIDField(source="service_id")
    slug = serializers.CharField(source="service.slug")
    name = serializers.CharField(source="service_name")


class VisitSerializer(serializers.Serializer[Any]):
    """What was booked in one go: one part, or several that follow each other."""

    id = serializers.UUIDField(source="visit_id")
    parts = serializers.SerializerMethodField(help_text="How many")
    total_cents = serializers.IntegerField(source="price_cents", help_text="The price of all parts together")

    def get_parts(self, row: Any) -> int:
        # No operation makes a visit of several parts yet, so that the price of a row is its visit's.
        return 1


class Places(serializers.IntegerField):
    """How many places of a class one booking takes."""

    def __init__(self) -> None:
        super().__init__(
            min_value=1, max_value=MOST_PLACES, required=False, default=1, help_text="More than 1 in a class alone"
        )


class PlacesInBody(Places):
    def to_internal_value(self, data: Any) -> int:
        # DRF would read the text "2" as well. In JSON a number is a number.
        if isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def optional_text(max_length: int) -> serializers.CharField:
    """Return a field that may be left out or blank, and is '' then."""
    return serializers.CharField(max_length=max_length, allow_blank=True, required=False, default="")


# `from` cannot be an attribute in Python: it joins a serializer's fields by `get_fields`.
class SlotsQuery(StrictSerializer):
    service = serializers.CharField(max_length=63, help_text="Id or slug")
    staff = serializers.CharField(max_length=63, required=False, help_text="Id or slug; anyone if left out")
    places = Places()
    include = serializers.ChoiceField(choices=["unavailable"], required=False)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {
            "from": serializers.DateField(help_text="First local date"),
            "to": serializers.DateField(help_text="Last local date, included; at most 62 days"),
        }


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    remaining = serializers.IntegerField(help_text="How many more bookings it takes; of a class, how many places")
    staff = serializers.ListField(child=serializers.CharField(), help_text="Slugs of who is free, best choice first")
    reason = serializers.CharField(required=False, help_text="Only with include=unavailable: why it is not offered")

    def to_representation(self, slot: Slot) -> dict[str, Any]:
        """Fill the fields above. The context gives `zone`, and the `slugs` of people by the number of their id."""
        # By hand: a search shows hundreds of slots, and DRF's way from field to field takes three times as long.
        body = {
            "start": slot.start.astimezone(self._zone).isoformat(),
            "end": slot.end.astimezone(self._zone).isoformat(),
            "remaining": slot.remaining,
            "staff": [self._slugs[person.int] for person in slot.staff],
        }
        return body if slot.reason is None else body | {"reason": slot.reason.value}

    # Kept, because `context` walks up to the outermost serializer at each call. A search builds its own serializers.
    @cached_property
    def _zone(self) -> ZoneInfo:
        zone: ZoneInfo = self.context["zone"]
        return zone

    @cached_property
    def _slugs(self) -> dict[int, str]:
        slugs: dict[int, str] = self.context["slugs"]
        return slugs


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
    places = PlacesInBody()


class HoldSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    service = AgreedServiceSerializer(source="*")
    visit = VisitSerializer(source="*")
    staff = NamedSerializer(allow_null=True)
    resources = NamedSerializer(many=True)
    places = serializers.IntegerField()
    start = LocalInstant(source="starts_at")
    end = LocalInstant(source="ends_at")
    expires_at = LocalInstant()
    price_cents = serializers.IntegerField(help_text="For all its places")
    currency = serializers.CharField()


class CommitRequest(StrictSerializer):
    reservation = serializers.UUIDField()
    name = optional_text(120)
    email = optional_text(254)
    phone = optional_text(32)
    notes = optional_text(2000)
    # Each business asks questions of its own: the operation checks the answers against them.
    answers = serializers.DictField(required=False, default=dict)


class CustomerRequest(StrictSerializer):
    name = serializers.CharField(max_length=120)
    email = optional_text(254)
    phone = optional_text(32)


class StaffBookingRequest(StrictSerializer):
    service = serializers.CharField(max_length=63, help_text="Id or slug")
    start = Instant()
    staff = serializers.CharField(max_length=63, required=False, allow_null=True, help_text="Id or slug")
    places = PlacesInBody()
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


# Without fields, so that a body which means to say something is refused instead of ignored.
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
    name = serializers.CharField(source="customer_name")
    email = serializers.CharField(source="customer_email")
    phone = serializers.CharField(source="customer_phone")


# The docstring of a serializer becomes a description in the OpenAPI document: what is for us stands in comments.
class AppointmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    visit = VisitSerializer(source="*")
    business = serializers.CharField(source="business.subdomain", help_text="Subdomain")
    service = AgreedServiceSerializer(source="*")
    staff = NamedSerializer(allow_null=True)
    resources = NamedSerializer(many=True)
    places = serializers.IntegerField()
    start = LocalInstant(source="starts_at")
    end = LocalInstant(source="ends_at")
    timezone = serializers.CharField(source="business.timezone")
    status = serializers.ChoiceField(choices=Status.choices)
    version = serializers.IntegerField()
    price_cents = serializers.IntegerField(help_text="For all its places")
    currency = serializers.CharField()
    customer = ContactSerializer(source="*")
    notes = serializers.CharField()
    answers = serializers.DictField()
    cancel_until = LocalInstant(allow_null=True)
    reschedule_until = LocalInstant(allow_null=True)
    created_at = LocalInstant()


class NewAppointmentSerializer(AppointmentSerializer):
    cancellation_token = serializers.CharField(required=False, help_text="A guest's, shown this once")

    def to_representation(self, booked: Booked) -> dict[str, Any]:
        # An appointment has no `cancellation_token`, only its hash: `required=False` makes DRF leave the field out.
        body = super().to_representation(booked.appointment)
        return body | ({"cancellation_token": booked.cancellation_token} if booked.cancellation_token else {})


class AppointmentPageSerializer(PageSerializer):
    results = AppointmentSerializer(many=True)


class GuestExchange(StrictSerializer):
    cancellation_token = serializers.CharField(max_length=200)


class AccessTokenSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Valid for 15 minutes, for one appointment")
