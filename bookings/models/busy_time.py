"""Occupied time. Only triggers write it; slot search reads nothing else of holds and appointments."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models


class BusyTime(models.Model):
    """One range that a live hold or appointment occupies, buffers included. No personal data.

    Segment 0 is the place in the service, and its person as well unless there is processing time. Then segments 1 and 2
    are its person's time before and after it. Segments from 3 on are its resources.
    """

    pk = models.CompositePrimaryKey("business_id", "source_id", "segment")
    business_id = models.UUIDField()
    source_id = models.UUIDField(db_comment="the reservation or appointment that occupies this time")
    segment = models.PositiveSmallIntegerField()
    service_id = models.UUIDField()
    staff_id = models.UUIDField(null=True)
    resource_id = models.UUIDField(null=True)
    class_key = models.UUIDField(db_comment="bookings of one class share person and rooms; else the source's own id")
    places = models.PositiveSmallIntegerField(db_comment="places in the service: 0 in segments other than 0")
    capacity = models.PositiveSmallIntegerField(
        null=True, db_comment="of the person or resource, when this was occupied; NULL where there is neither"
    )
    during = DateTimeRangeField(db_comment="[start - buffer before, end + buffer after)")
    expires_at = models.DateTimeField(null=True, db_comment="a hold's end; NULL for an appointment")

    class Meta:
        db_table = "busy_times"
        db_table_comment = "Ledger of occupied time, written only by triggers"
        indexes = [
            # What overlaps a range on a service: each check of a capacity asks this, under the lock of the service.
            GistIndex(fields=["service_id", "during"], name="busy_times_by_service", condition=models.Q(segment=0)),
            models.Index(
                fields=["expires_at"], name="busy_times_by_expiry", condition=models.Q(expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.during}"
