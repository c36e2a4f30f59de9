"""The ledger of live claims on time. Triggers alone write it; slot search needs nothing else."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models


class BusyTime(models.Model):
    """One live claim of a hold or an appointment, buffers included. No personal data."""

    pk = models.CompositePrimaryKey("business_id", "source_id")
    business_id = models.UUIDField()
    source_id = models.UUIDField(db_comment="the reservation or appointment that claims this time")
    service_id = models.UUIDField()
    staff_id = models.UUIDField(null=True)
    session = models.UUIDField(db_comment="claims of one session may share a staff member; else the source's own id")
    during = DateTimeRangeField(db_comment="[start - buffer before, end + buffer after)")
    expires_at = models.DateTimeField(null=True, db_comment="a hold's end; NULL for an appointment")

    class Meta:
        db_table = "busy_times"
        db_table_comment = "Ledger of live claims on time, written only by triggers"

    def __str__(self) -> str:
        return f"{self.source_id} {self.during}"
