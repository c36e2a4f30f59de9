"""When a business, or one of its staff, works: weekly windows and exceptions by date.

Times are minutes since midnight on the wall clock of the business's zone: PostgreSQL's `time` would do but for 24:00,
which Python's `time` cannot hold.
"""

from uuid import UUID, uuid4

from django.db import models
from django.db.models import F, Q

from businesses.models.business import Business
from businesses.models.catalogue import Staff
from businesses.validators import validate_grain
from rhivo.db.ranges import in_range, limits

MIDNIGHT = 24 * 60


class Weekday(models.IntegerChoices):
    # As date.weekday() counts. PostgreSQL's `dow` begins with Sunday, `isodow` with Monday as 1.
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    def weekly(self) -> "AvailabilityQuerySet":
        return self.filter(weekday__isnull=False)

    def exceptions(self) -> "AvailabilityQuerySet":
        return self.filter(weekday__isnull=True)

    def of_business(self) -> "AvailabilityQuerySet":
        """Leave out those of single staff members."""
        return self.filter(staff__isnull=True)


class Availability(models.Model):
    """One window of a weekday, or an exception for dates: closed, or a window that replaces the weekly ones.

    Closed on dates is an exception without `opens` and `closes`; closed on a weekday is no row at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="availability", db_index=False)
    # PostgreSQL has the key (business_id, staff_id), written in sql/tables/. One on staff_id alone would let a row
    # point at another tenant's person; so Django makes none, here and wherever else db_constraint is False.
    staff = models.ForeignKey(
        Staff, models.CASCADE, null=True, blank=True, related_name="availability", db_constraint=False
    )
    weekday = models.PositiveSmallIntegerField(null=True, blank=True, choices=Weekday.choices)
    first_date = models.DateField(null=True, blank=True)
    last_date = models.DateField(null=True, blank=True)
    opens = models.PositiveSmallIntegerField(null=True, blank=True, validators=[*limits(0, MIDNIGHT), validate_grain])
    closes = models.PositiveSmallIntegerField(null=True, blank=True, validators=[*limits(0, MIDNIGHT), validate_grain])
    reason = models.CharField(max_length=120, blank=True)

    business_id: UUID
    staff_id: UUID | None

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        db_table = "availability"
        db_table_comment = "Weekly hours and date exceptions of a business, or of one staff member of it"
        ordering = ["weekday", "first_date", "opens"]
        verbose_name = "opening time"
        indexes = [models.Index(fields=["business", "first_date"], name="availability_by_date")]
        constraints = [
            in_range("weekday_in_range", "weekday", 0, 6),
            in_range("opens_in_range", "opens", 0, MIDNIGHT, step=5),
            in_range("closes_in_range", "closes", 0, MIDNIGHT, step=5),
            models.CheckConstraint(
                # NULL is asked for by name: a comparison with it is neither true nor false, and a CHECK lets that pass.
                condition=Q(opens__isnull=False, closes__isnull=False, opens__lt=F("closes"))
                | Q(opens__isnull=True, closes__isnull=True),
                name="opens_before_it_closes",
                violation_error_message="A window opens before it closes; 24:00 is the latest close.",
            ),
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, first_date=None, last_date=None, opens__isnull=False)
                | Q(weekday=None, first_date__isnull=False, last_date__isnull=False, last_date__gte=F("first_date")),
                name="weekly_or_by_date",
                violation_error_message="Give a weekday with a window, or a first and a last date.",
            ),
        ]

    def __str__(self) -> str:
        when = self.get_weekday_display() if self.weekday is not None else f"{self.first_date} to {self.last_date}"
        return f"{when}: {self.span}"

    @property
    def span(self) -> str:
        """The window as people write it, or `closed`, with the reason if there is one."""
        why = f" ({self.reason})" if self.reason else ""
        if self.opens is None or self.closes is None:
            return f"closed{why}"
        return f"{clock_text(self.opens)}–{clock_text(self.closes)}{why}"


def clock_text(minute: int) -> str:
    """Return minutes since midnight as HH:MM; 1440 is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"
