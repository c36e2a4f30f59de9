"""The append-only history of what changed. Triggers and SQL functions write it, never these models."""

from django.db import models


class AuditLog(models.Model):
    """One change of one thing: who, when, before and after, and why. Hashes chain the entries of a thing."""

    # Drawn under a lock (audit/sql/functions/write_history.sql): below a sealed id no entry can appear.
    id = models.BigAutoField(primary_key=True)
    business_id = models.UUIDField()  # no foreign key, so that history outlives the business
    entity = models.CharField(max_length=40)
    entity_id = models.UUIDField()
    action = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10, db_comment="user, guest, public, worker or database")
    actor = models.CharField(max_length=80, db_comment="a user's id, or the database login")
    actor_role = models.CharField(max_length=10, blank=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField(db_comment="clock of the database when the entry was written")
    previous_hash = models.CharField(max_length=64, db_comment="hash of the thing's entry before this, or ''")
    hash = models.CharField(max_length=64, db_comment="SHA-256 over previous_hash and the entry, in hex")

    class Meta:
        db_table = "audit_logs"
        verbose_name = "history entry"
        verbose_name_plural = "history entries"
        db_table_comment = "Append-only history, chained by hash for each thing"
        ordering = ["id"]
        indexes = [
            # The last entry of a thing, which each new one continues; then seals and lists of a business.
            models.Index(fields=["business_id", "entity", "entity_id", "id"], name="audit_by_entity"),
            models.Index(fields=["business_id", "id"], name="audit_by_business"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.entity_id} {self.action}"


class AuditSeal(models.Model):
    """A digest over all of a business's entries up to one of them, chained to the seal before."""

    id = models.BigAutoField(primary_key=True)
    business_id = models.UUIDField()
    last_entry_id = models.BigIntegerField()
    entries = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "audit_seals"
        db_table_comment = "Chained digests over a business's history, so that a missing piece shows"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["business_id", "last_entry_id"], name="one_seal_an_entry")]

    def __str__(self) -> str:
        return f"{self.business_id} up to {self.last_entry_id}"
