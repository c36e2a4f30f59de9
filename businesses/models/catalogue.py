"""What a business offers, and who does it."""

from uuid import UUID, uuid4

from django.db import models
from django.db.models import F, Q

from businesses.models.business import Business
from businesses.validators import validate_grain, validate_slug
from rhivo.db.ranges import in_range, limits


class Category(models.Model):
    """A heading under which services are shown."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # No index of its own, here and in the other tenant tables: a key or index of each begins with the business.
    business = models.ForeignKey(Business, models.CASCADE, related_name="categories", db_index=False)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    business_id: UUID

    class Meta:
        db_table = "categories"
        db_table_comment = "Headings of a business's catalogue"
        ordering = ["position", "name"]
        verbose_name_plural = "categories"
        constraints = [
            # `id` is unique already. This is what the composite foreign keys of other tables refer to.
            models.UniqueConstraint(fields=["business", "id"], name="categories_key_of_business"),
            models.UniqueConstraint(fields=["business", "name"], name="one_category_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class StaffQuerySet(models.QuerySet["Staff"]):
    def active(self) -> "StaffQuerySet":
        return self.filter(is_active=True)


class Staff(models.Model):
    """A person whom customers can book. All of it is public; `Membership.staff` links it to an account, if any."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="staff", db_index=False)
    slug = models.CharField(max_length=63, validators=[validate_slug])
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    max_simultaneous_bookings = models.PositiveSmallIntegerField(
        default=1, db_default=1, validators=limits(1, 5), db_comment="bookings or classes at a time, in all services"
    )
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    business_id: UUID

    objects = StaffQuerySet.as_manager()

    class Meta:
        db_table = "staff"
        db_table_comment = "People who can be booked, by the name customers see"
        ordering = ["position", "name"]
        verbose_name = "staff member"
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="staff_key_of_business"),
            models.UniqueConstraint(fields=["business", "slug"], name="one_staff_a_slug"),
            in_range("staff_capacity_in_range", "max_simultaneous_bookings", 1, 5),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceQuerySet(models.QuerySet["Service"]):
    def active(self) -> "ServiceQuerySet":
        return self.filter(is_active=True)


class Service(models.Model):
    """What can be booked. Times are minutes on the 5-minute grain; the price is in minor units of the currency.

    `max_simultaneous_bookings` bounds the peak of simultaneous bookings; of a group service (a class) it is
    the number of participants. Left out, the people and resources of the service are the limit, and a service with
    neither takes one booking at a time. During the processing time, counted from the start, its person is free.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="services", db_index=False)
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="services", db_constraint=False
    )
    slug = models.CharField(max_length=63, validators=[validate_slug])
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(validators=[*limits(5, 1440), validate_grain])
    # Minor units whatever the currency: 2800 is 28 euros, and 2800 yen. `businesses.money` knows the decimals.
    price_cents = models.PositiveIntegerField(default=0)
    max_simultaneous_bookings = models.PositiveSmallIntegerField(null=True, blank=True, validators=limits(1, 1000))
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0, validators=[*limits(0, 480), validate_grain])
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0, validators=[*limits(0, 480), validate_grain])
    processing_after_minutes = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[*limits(0, 1440), validate_grain]
    )
    processing_minutes = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[*limits(0, 1440), validate_grain]
    )
    # NULL is the business's interval, also when that changes later.
    slot_interval_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[*limits(5, 480), validate_grain]
    )
    is_group = models.BooleanField("group service", default=False)
    is_active = models.BooleanField("active", default=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, editable=False)
    staff = models.ManyToManyField(Staff, through="ServiceStaff", related_name="services")

    business_id: UUID
    category_id: UUID | None

    objects = ServiceQuerySet.as_manager()

    class Meta:
        db_table = "services"
        db_table_comment = "What can be booked; its row is the lock under which its capacity is counted"
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="services_key_of_business"),
            models.UniqueConstraint(fields=["business", "slug"], name="one_service_a_slug"),
            in_range("duration_in_range", "duration_minutes", 5, 1440, step=5),
            in_range("capacity_in_range", "max_simultaneous_bookings", 1, 1000),
            in_range("buffer_before_in_range", "buffer_before_minutes", 0, 480, step=5),
            in_range("buffer_after_in_range", "buffer_after_minutes", 0, 480, step=5),
            in_range("processing_after_in_range", "processing_after_minutes", 0, 1440, step=5),
            in_range("processing_in_range", "processing_minutes", 0, 1440, step=5),
            in_range("service_interval_in_range", "slot_interval_minutes", 5, 480, step=5),
            models.CheckConstraint(
                condition=Q(processing_after_minutes=0, processing_minutes=0)
                | Q(
                    processing_after_minutes__gt=0,
                    processing_minutes__gt=0,
                    duration_minutes__gt=F("processing_after_minutes") + F("processing_minutes"),
                ),
                name="processing_inside_the_service",
                violation_error_message="Processing time begins after the start and is over before the end.",
            ),
            models.CheckConstraint(
                condition=Q(is_group=False) | Q(max_simultaneous_bookings__isnull=False, processing_minutes=0),
                name="class_has_places",
                violation_error_message="A class has a number of places and no processing time.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceStaff(models.Model):
    """An assignment: this staff member does this service."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # It follows from the service. But row security goes by a column of the row, and the composite keys to service and
    # person both use it, which is what keeps the two in one business.
    business = models.ForeignKey(Business, models.CASCADE, related_name="+", db_index=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="assignments", db_constraint=False)
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="assignments", db_constraint=False)

    business_id: UUID

    class Meta:
        db_table = "service_staff"
        db_table_comment = "Who does which service; a service with no row here needs nobody in particular"
        verbose_name = "assignment"
        constraints = [models.UniqueConstraint(fields=["business", "service", "staff"], name="one_assignment_a_pair")]

    def __str__(self) -> str:
        return f"{self.staff} does {self.service}"


class Resource(models.Model):
    """A room, a chair or a machine that services use. What is here is public."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="resources", db_index=False)
    slug = models.CharField(max_length=63, validators=[validate_slug])
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=63, validators=[validate_slug], db_comment="what services ask for, such as room")
    max_simultaneous_bookings = models.PositiveSmallIntegerField(default=1, db_default=1, validators=limits(1, 100))
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    business_id: UUID

    class Meta:
        db_table = "resources"
        db_table_comment = "Rooms, chairs and machines; a row is the lock under which its capacity is counted"
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="resources_key_of_business"),
            models.UniqueConstraint(fields=["business", "slug"], name="one_resource_a_slug"),
            in_range("resource_capacity_in_range", "max_simultaneous_bookings", 1, 100),
        ]
        indexes = [models.Index(fields=["business", "kind"], name="resources_by_kind")]

    def __str__(self) -> str:
        return self.name


class ServiceResource(models.Model):
    """That a service needs one resource of a kind."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    business = models.ForeignKey(Business, models.CASCADE, related_name="+", db_index=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="needs", db_constraint=False, db_index=False)
    kind = models.CharField(max_length=63, validators=[validate_slug])

    business_id: UUID

    class Meta:
        db_table = "service_resources"
        db_table_comment = "Which kinds of resource a service needs, one of each"
        verbose_name = "need"
        constraints = [models.UniqueConstraint(fields=["business", "service", "kind"], name="one_need_a_kind")]

    def __str__(self) -> str:
        return f"{self.service} needs a {self.kind}"
