"""What the API shows of tenants and their catalogue, and reads at log-in."""

from typing import Any

from rest_framework import serializers

from businesses.models import Business, Service, Staff
from rhivo.api.pagination import PageSerializer
from rhivo.api.serializers import StrictSerializer, answer_of


class BusinessSummarySerializer(serializers.ModelSerializer[Business]):
    class Meta:
        model = Business
        fields = ["subdomain", "name", "tagline", "timezone", "locale", "currency"]


class BusinessPageSerializer(PageSerializer):
    results = BusinessSummarySerializer(many=True)


class BusinessSerializer(serializers.ModelSerializer[Business]):
    contact = serializers.SerializerMethodField()
    branding = serializers.SerializerMethodField()
    booking = serializers.SerializerMethodField()
    policy = serializers.SerializerMethodField()
    requirements = serializers.SerializerMethodField()

    class Meta:
        model = Business
        fields = [
            "id",
            "subdomain",
            "name",
            "timezone",
            "locale",
            "currency",
            "contact",
            "branding",
            "booking",
            "policy",
            "requirements",
        ]

    def get_contact(self, business: Business) -> dict[str, str]:
        return {"email": business.email, "phone": business.phone, "address": business.address}

    def get_branding(self, business: Business) -> dict[str, str]:
        return {"tagline": business.tagline, "accent_color": business.accent_color}

    def get_booking(self, business: Business) -> dict[str, int]:
        fields = (
            "slot_interval_minutes",
            "min_notice_minutes",
            "max_advance_days",
            "hold_minutes",
            "max_per_customer_per_day",
            "max_upcoming_per_customer",
        )
        return {field: getattr(business, field) for field in fields}

    def get_policy(self, business: Business) -> dict[str, Any]:
        return {
            "cancellation": business.allows_cancellation,
            "cancellation_deadline_hours": business.cancellation_deadline_hours,
            "rescheduling": business.allows_rescheduling,
            "reschedule_deadline_hours": business.reschedule_deadline_hours,
        }

    def get_requirements(self, business: Business) -> dict[str, Any]:
        return {
            "email": business.requires_email,
            "phone": business.requires_phone,
            "questions": business.questions,
        }


class StaffSerializer(serializers.ModelSerializer[Staff]):
    services = serializers.SerializerMethodField(help_text="Slugs of the active services this person does")

    class Meta:
        model = Staff
        fields = ["id", "slug", "name", "title", "services"]

    def get_services(self, staff: Staff) -> list[str]:
        # Not `.filter()`: it would pass by what was prefetched and ask for each person.
        return [service.slug for service in staff.services.all() if service.is_active]


class NamedSerializer(serializers.Serializer[Any]):
    """A service, a person or a resource by its three names."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ServiceSerializer(serializers.ModelSerializer[Service]):
    staff = serializers.SerializerMethodField(help_text="Who does it; empty where nobody in particular is needed")
    group = serializers.BooleanField(source="is_group")
    slot_interval_minutes = serializers.SerializerMethodField()
    max_simultaneous_bookings = serializers.IntegerField(
        allow_null=True, help_text="Of a class its places; null: its people and resources are the limit"
    )
    resources = serializers.ListField(
        child=serializers.CharField(), help_text="Kinds of resource that it uses, one of each"
    )

    class Meta:
        model = Service
        fields = [
            "id",
            "slug",
            "name",
            "description",
            "duration_minutes",
            "price_cents",
            "currency",
            "max_simultaneous_bookings",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "slot_interval_minutes",
            "group",
            "staff",
            "resources",
        ]

    currency = serializers.CharField(source="business.currency")

    def get_slot_interval_minutes(self, service: Service) -> int:
        # The catalogue selects the business along: no query for each service.
        return service.slot_interval_minutes or service.business.slot_interval_minutes

    def get_staff(self, service: Service) -> list[dict[str, str]]:
        return [answer_of(NamedSerializer, person) for person in service.staff.all() if person.is_active]


class CategorySerializer(serializers.Serializer[Any]):
    """A heading with its services; the last one has no name if some services stand under none."""

    name = serializers.CharField(allow_null=True)
    services = ServiceSerializer(many=True)


class CatalogueSerializer(serializers.Serializer[Any]):
    categories = CategorySerializer(many=True)


class StaffListSerializer(serializers.Serializer[Any]):
    staff = StaffSerializer(many=True)


class DirectoryQuery(StrictSerializer):
    q = serializers.CharField(required=False, allow_blank=True, max_length=100)
    cursor = serializers.CharField(required=False, max_length=500)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class LogIn(StrictSerializer):
    # Not an EmailField: what is no address is answered like an unknown account.
    email = serializers.CharField(max_length=254)
    # A blank at its end belongs to a password.
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    business = serializers.CharField(max_length=63, required=False, help_text="Subdomain")


class Refresh(StrictSerializer):
    refresh = serializers.CharField(max_length=2000)


class TokenPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Valid for 15 minutes")
    refresh = serializers.CharField(help_text="Valid for 30 days")
