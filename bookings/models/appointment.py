"""A confirmed slot and the terms on which it was agreed."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from bookings.models.reservation import Reservation
from bookings.models.used_resources import resources_of
from businesses.models import Business, Resource, Service, Staff, User
from rhivo.db.ranges import in_range


class Status(models.TextChoices):
    """confirmed → canceled | completed | no_show; staff may correct completed ↔ no_show."""

    CONFIRMED = "confirmed", "Confirmed"
    CANCELED = "canceled", "Canceled"
    COMPLETED = "completed", "Completed"
    NO_SHOW = "no_show", "No-show"


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def upcoming(self, at: datetime) -> "AppointmentQuerySet":
        """Those that are confirmed and start after an instant."""
        return self.filter(status=Status.CONFIRMED, starts_at__gt=at)


class Appointment(models.Model):
    """A booking. What was agreed (name, duration, price, buffers, terms) is filled in by a trigger and then kept."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="+", db_index=False)
    reference = models.CharField(max_length=11, db_default="", editable=False)
    # db_constraint=False: the keys in `bookings/sql/tables/` hold the business as well. Row security does not bind what
    # checks a foreign key: by its id alone another tenant's service would be found.
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_constraint=False)
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False)
    customer = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    reservation = models.ForeignKey(
        Reservation, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    visit_id = models.UUIDField(editable=False, db_default=RandomUUID(), db_comment="the id of the visit's first part")
    part = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    joined_before = models.BooleanField(
        default=False, db_default=False, db_comment="the same person goes on from the part before, without the buffers"
    )
    joined_after = models.BooleanField(
        default=False, db_default=False, db_comment="the same person goes on with the next part, without the buffers"
    )
    resource_ids = ArrayField(
        models.UUIDField(), db_default=[], db_comment="the resources it uses, one of each kind that its service needs"
    )
    places = models.PositiveSmallIntegerField(default=1, db_default=1, db_comment="more than one in a class alone")
    starts_at = models.DateTimeField()
    # A db_default stands for "the trigger fills this in": Django sends DEFAULT and reads back what became of it.
    ends_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CONFIRMED)
    version = models.PositiveIntegerField(default=1, editable=False)

    customer_name = models.CharField(max_length=120)
    customer_email = models.CharField(max_length=254, blank=True, db_comment="normalised: trimmed, lower case")
    customer_phone = models.CharField(max_length=32, blank=True, db_comment="normalised: E.164")
    notes = models.TextField(blank=True, max_length=2000)
    answers = models.JSONField(default=dict)

    service_name = models.CharField(max_length=120, db_default="")
    service_capacity = models.PositiveSmallIntegerField(
        null=True,
        db_default=None,
        db_comment="the capacity under which this was taken, NULL for no limit; lowering it later breaks no promise",
    )
    price_cents = models.PositiveIntegerField(db_default=0)
    currency = models.CharField(max_length=3, db_default="")
    buffer_before_minutes = models.PositiveSmallIntegerField(db_default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(db_default=0)
    processing_after_minutes = models.PositiveSmallIntegerField(db_default=0)
    processing_minutes = models.PositiveSmallIntegerField(db_default=0)
    allows_cancellation = models.BooleanField(db_default=True)
    cancellation_deadline_hours = models.PositiveSmallIntegerField(db_default=0)
    allows_rescheduling = models.BooleanField(db_default=True)
    reschedule_deadline_hours = models.PositiveSmallIntegerField(db_default=0)

    cancellation_token_hash = models.CharField(
        max_length=64, blank=True, db_comment="SHA-256 in hex of the token that lets a guest manage this one"
    )
    overrides = models.JSONField(default=list, blank=True, db_comment="rules that staff set aside for this booking")
    idempotency_key = models.CharField(max_length=128, null=True, blank=True)
    request_fingerprint = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    # For the type checker: Django makes these attributes from the foreign keys above.
    business_id: UUID
    service_id: UUID
    staff_id: UUID | None
    customer_id: UUID | None
    reservation_id: UUID | None

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        db_table = "appointments"
        db_table_comment = "Bookings, each with what was agreed at the time"
        ordering = ["starts_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["business", "visit_id", "part"], name="one_appointment_a_part"),
            in_range("appointment_part_in_range", "part", 1, 5),
            in_range("appointment_places_in_range", "places", 1, 1000),
            models.UniqueConstraint(fields=["business", "id"], name="appointments_key_of_business"),
            models.UniqueConstraint(fields=["business", "reservation"], name="one_appointment_a_hold"),
            models.UniqueConstraint(fields=["business", "idempotency_key"], name="one_appointment_a_key"),
            models.UniqueConstraint(fields=["business", "reference", "part"], name="one_appointment_a_reference"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="appointment_status_known"),
            models.CheckConstraint(
                condition=~models.Q(customer_email="", customer_phone="") | ~models.Q(customer_name=""),
                name="someone_is_booked",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "starts_at", "id"], name="appointments_by_start"),
            # No business: a customer's list is of all businesses.
            models.Index(fields=["customer", "starts_at"], name="appointments_by_customer"),
            models.Index(
                fields=["business", "customer_email"],
                name="appointments_by_email",
                condition=~models.Q(customer_email=""),
            ),
            models.Index(
                fields=["business", "customer_phone"],
                name="appointments_by_phone",
                condition=~models.Q(customer_phone=""),
            ),
            # A guest is known by the token alone, whatever the business.
            models.Index(
                fields=["cancellation_token_hash"],
                name="appointments_by_token",
                condition=~models.Q(cancellation_token_hash=""),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @cached_property
    def resources(self) -> list[Resource]:
        """The resources that it uses; `read_resources` reads those of many rows at once."""
        return resources_of(self.business_id, self.resource_ids)

    @property
    def cancel_until(self) -> datetime | None:
        """The last instant at which the customer may cancel, or None if the agreed terms never allow it."""
        return self._until(self.allows_cancellation, self.cancellation_deadline_hours)

    @property
    def reschedule_until(self) -> datetime | None:
        """The last instant at which the customer may reschedule, or None if the agreed terms never allow it."""
        return self._until(self.allows_rescheduling, self.reschedule_deadline_hours)

    def _until(self, allowed: bool, hours: int) -> datetime | None:
        return self.starts_at - timedelta(hours=hours) if allowed else None
