"""The tenant: one small business, its zone, its booking rules and the terms it offers."""

from functools import cached_property
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.validators import RegexValidator
from django.db import models

from businesses.validators import (
    validate_currency,
    validate_grain,
    validate_questions,
    validate_subdomain,
    validate_zone,
)
from rhivo.db.ranges import in_range, limits


class Locale(models.TextChoices):
    ENGLISH = "en", "English"
    ITALIAN = "it", "Italiano"
    SPANISH = "es", "Español"


class BusinessQuerySet(models.QuerySet["Business"]):
    def active(self) -> "BusinessQuerySet":
        return self.filter(is_active=True)

    def listed(self) -> "BusinessQuerySet":
        """Keep those that the public directory shows."""
        return self.active().filter(is_listed=True)


class Business(models.Model):
    """A tenant. Minutes, hours and days below are elapsed time; the day of "per day" is a day of `timezone`."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    subdomain = models.CharField(max_length=63, unique=True, validators=[validate_subdomain])
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[validate_zone])
    locale = models.CharField(max_length=5, choices=Locale.choices, default=Locale.ENGLISH)
    currency = models.CharField(max_length=3, validators=[validate_currency])
    # Switched off: the public finds nothing, the people at work still see all of it.
    is_active = models.BooleanField("active", default=True)
    is_listed = models.BooleanField("listed in the directory", default=True)

    tagline = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=300, blank=True)
    # Six digits only: it becomes part of a stylesheet, where any other text could be more than a colour.
    accent_color = models.CharField(
        max_length=7,
        default="#1f6f5c",
        validators=[RegexValidator(r"\A#[0-9a-f]{6}\Z", "Write a colour such as #1f6f5c.")],
    )

    slot_interval_minutes = models.PositiveSmallIntegerField(default=30, validators=[*limits(5, 480), validate_grain])
    min_notice_minutes = models.PositiveSmallIntegerField(default=60, validators=limits(0, 10_080))
    max_advance_days = models.PositiveSmallIntegerField(default=60, validators=limits(1, 730))
    max_wait_minutes = models.PositiveSmallIntegerField(
        "longest wait between two services of a visit",
        default=15,
        db_default=15,
        validators=[*limits(0, 60), validate_grain],
    )
    hold_minutes = models.PositiveSmallIntegerField(default=10, validators=limits(5, 30))
    max_per_customer_per_day = models.PositiveSmallIntegerField(default=3, validators=limits(1, 100))
    max_upcoming_per_customer = models.PositiveSmallIntegerField(default=10, validators=limits(1, 1000))

    requires_email = models.BooleanField(default=True)
    requires_phone = models.BooleanField(default=False)
    # In the order in which they are asked; `validate_questions` says what one looks like.
    questions = models.JSONField(default=list, blank=True, validators=[validate_questions])

    allows_cancellation = models.BooleanField(default=True)
    cancellation_deadline_hours = models.PositiveSmallIntegerField(default=24, validators=limits(0, 168))
    allows_rescheduling = models.BooleanField(default=True)
    reschedule_deadline_hours = models.PositiveSmallIntegerField(default=24, validators=limits(0, 168))

    # A trigger raises it at each update, and refuses an update that does not pass the version that was read: who saves
    # with `update_fields` names "version" too.
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        db_table = "businesses"
        db_table_comment = "Tenants: one row a business, with its zone, booking rules and terms"
        ordering = ["name", "id"]
        verbose_name_plural = "businesses"
        # The validators above answer a person in a form. These bind every other writer; the last one has no validator.
        constraints = [
            in_range("slot_interval_in_range", "slot_interval_minutes", 5, 480, step=5),
            in_range("min_notice_in_range", "min_notice_minutes", 0, 10_080),
            in_range("max_advance_in_range", "max_advance_days", 1, 730),
            in_range("max_wait_in_range", "max_wait_minutes", 0, 60, step=5),
            in_range("hold_minutes_in_range", "hold_minutes", 5, 30),
            in_range("per_day_in_range", "max_per_customer_per_day", 1, 100),
            in_range("upcoming_in_range", "max_upcoming_per_customer", 1, 1000),
            in_range("cancellation_deadline_in_range", "cancellation_deadline_hours", 0, 168),
            in_range("reschedule_deadline_in_range", "reschedule_deadline_hours", 0, 168),
            models.CheckConstraint(
                condition=models.Q(requires_email=True) | models.Q(requires_phone=True),
                name="some_contact_is_required",
                violation_error_message="Require an email address, a phone number, or both.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    # Cached on the row: pages ask for it at every slot that they show.
    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which this business's days and opening hours are meant."""
        return ZoneInfo(self.timezone)
