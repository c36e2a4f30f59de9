"""A hold: a slot kept for a visitor for some minutes, until it becomes an appointment or its time runs out."""

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from bookings.models.used_resources import resources_of
from businesses.models import Business, Resource, Service, Staff, User
from rhivo.db.ranges import in_range


class ReservationStatus(models.TextChoices):
    """held → committed | released | expired; all three final. A held one past `expires_at` counts nowhere."""

    HELD = "held", "Held"
    COMMITTED = "committed", "Committed"
    RELEASED = "released", "Released"
    EXPIRED = "expired", "Expired"


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def held(self) -> "ReservationQuerySet":
        return self.filter(status=ReservationStatus.HELD)

    def live(self, at: datetime) -> "ReservationQuerySet":
        """Those that occupy their time at an instant."""
        return self.held().filter(expires_at__gt=at)

    def run_out(self, at: datetime) -> "ReservationQuerySet":
        """Those that have run out, and that the clean-up has not marked yet."""
        return self.held().filter(expires_at__lte=at)


class Reservation(models.Model):
    """A hold on `[starts_at, ends_at)`. A trigger fills in end, buffers and price from the service as it is."""

    # Random, so that nobody can guess it: whoever presents the id of a guest's hold may see, release and book it.
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="+", db_index=False)
    # db_constraint=False: the keys in `bookings/sql/tables/` hold the business as well.
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_constraint=False)
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False)
    customer = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    visitor = models.CharField(
        max_length=64,
        blank=True,
        db_comment="keyed hash of who holds it, by which live holds are limited; '' is not counted",
    )
    status = models.CharField(max_length=10, choices=ReservationStatus.choices, default=ReservationStatus.HELD)
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
    ends_at = models.DateTimeField(db_default=Now())
    buffer_before_minutes = models.PositiveSmallIntegerField(db_default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(db_default=0)
    processing_after_minutes = models.PositiveSmallIntegerField(db_default=0)
    processing_minutes = models.PositiveSmallIntegerField(db_default=0)
    service_name = models.CharField(max_length=120, db_default="")
    service_capacity = models.PositiveSmallIntegerField(
        null=True,
        db_default=None,
        db_comment="the capacity under which this was taken, NULL for no limit; lowering it later breaks no promise",
    )
    price_cents = models.PositiveIntegerField(db_default=0)
    currency = models.CharField(max_length=3, db_default="")
    expires_at = models.DateTimeField(db_default=Now())
    idempotency_key = models.CharField(max_length=128, null=True, blank=True)
    request_fingerprint = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    business_id: UUID
    service_id: UUID
    staff_id: UUID | None
    customer_id: UUID | None

    objects = ReservationQuerySet.as_manager()

    class Meta:
        db_table = "reservations"
        db_table_comment = "Holds: slots kept for a visitor until expires_at"
        constraints = [
            models.UniqueConstraint(fields=["business", "visit_id", "part"], name="one_reservation_a_part"),
            in_range("reservation_part_in_range", "part", 1, 5),
            in_range("reservation_places_in_range", "places", 1, 1000),
            models.UniqueConstraint(fields=["business", "id"], name="reservations_key_of_business"),
            models.UniqueConstraint(fields=["business", "idempotency_key"], name="one_hold_a_key"),
            models.CheckConstraint(
                condition=models.Q(status__in=ReservationStatus.values), name="reservation_status_known"
            ),
        ]
        indexes = [
            # Held ones alone: the clean-up looks every minute, and almost all rows have ended.
            models.Index(fields=["expires_at"], name="holds_by_expiry", condition=models.Q(status="held")),
            models.Index(fields=["business", "visitor"], name="holds_by_visitor", condition=models.Q(status="held")),
            models.Index(fields=["created_at"], name="reservations_by_age"),
        ]

    def __str__(self) -> str:
        return f"hold {self.id}"

    @cached_property
    def resources(self) -> list[Resource]:
        """The resources that it uses; `read_resources` reads those of many rows at once."""
        return resources_of(self.business_id, self.resource_ids)

    def is_live(self, at: datetime) -> bool:
        """Whether it occupies its time at an instant."""
        return self.status == ReservationStatus.HELD and at < self.expires_at
