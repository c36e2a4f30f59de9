"""What each reader may know of an appointment's history.

People at work read all of it. A customer or guest learns what changed and whether they, the business or the system did
it. They do not learn who at work it was, which rules were set aside, nor why: a reason given at work is kept for work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from audit.models import AuditLog
from bookings.api.serializers import AppointmentSerializer
from bookings.history.snapshots import appointment_as_it_was
from bookings.models import Appointment
from businesses.models import Business, Resource, Service, Staff, User
from rhivo import claims
from rhivo.api.serializers import answer_of

# Fields of an appointment that are left out of the changes: they never change, or are shown beside them.
UNCHANGING = frozenset({"id", "visit", "business", "timezone", "version", "created_at"})
NOTHING: tuple[object, ...] = ("", None, {}, [])


class Actor(NamedTuple):
    """Who did it. Role and name are None where the reader may not know them or there is none."""

    kind: str
    role: str | None
    name: str | None


class Change(NamedTuple):
    """A field of an appointment, as the API shows it before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class KnownEntry:
    """An entry, and what its reader may know of it."""

    entry: AuditLog
    business: Business
    at_work: bool
    actor: Actor
    changes: list[Change]

    @property
    def reason(self) -> str:
        """The reason; '' to customers and guests where the business or the system gave it."""
        by_work = self.entry.actor_role in ("owner", "staff") or self.entry.actor_kind not in ("user", "guest")
        return self.entry.reason if self.at_work or not by_work else ""

    @property
    def version(self) -> int | None:
        """The version of the appointment after this entry."""
        version: int | None = _snapshot(self.entry).get("version")
        return version


def known_entries(appointment: Appointment, entries: Sequence[AuditLog]) -> list[KnownEntry]:
    """Return entries as far as the claims in force may know them, in at most four queries however many there are."""
    snapshots = [snapshot for entry in entries for snapshot in (entry.before, entry.after) if snapshot]
    services = Service.objects.in_bulk({snapshot["service_id"] for snapshot in snapshots})
    people = Staff.objects.in_bulk({snapshot["staff_id"] for snapshot in snapshots if snapshot["staff_id"]})
    resources = Resource.objects.in_bulk({used for snapshot in snapshots for used in snapshot["resource_ids"]})
    users = User.objects.in_bulk({entry.actor for entry in entries if entry.actor_kind == "user"})
    at_work = claims.current().works_here

    def shown(snapshot: dict[str, Any] | None) -> dict[str, Any]:
        if not snapshot:
            return {}
        # Shown by the serializer of an appointment, so that history and appointment have the same fields and formats.
        was = appointment_as_it_was(snapshot, appointment.business, services, people)
        was.resources = _resources_as_they_were(snapshot["resource_ids"], resources)
        fields = answer_of(AppointmentSerializer, was)
        known = {field: value for field, value in fields.items() if field not in UNCHANGING}
        return known | ({"overrides": was.overrides} if at_work else {})

    return [
        KnownEntry(
            entry,
            appointment.business,
            at_work,
            _actor(entry, users, at_work=at_work),
            _changes(shown(entry.before), shown(entry.after)),
        )
        for entry in entries
    ]


def _resources_as_they_were(ids: Sequence[str], known: Mapping[UUID, Resource]) -> list[Resource]:
    """Return the resources of a snapshot; one that is no longer there leaves its id."""
    return [known.get(used) or Resource(id=used, slug="", name="") for used in map(UUID, ids)]


def _snapshot(entry: AuditLog) -> dict[str, Any]:
    return entry.after or entry.before or {}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the fields that differ, in the order in which an appointment shows them."""
    pairs = [Change(field, before.get(field), after.get(field)) for field in after or before]
    # The first entry has no `before`, so every field differs: empty ones are left out.
    return [
        change
        for change in pairs
        if change.before != change.after and not (change.before is None and change.after in NOTHING)
    ]


def _actor(entry: AuditLog, users: Mapping[UUID, User], *, at_work: bool) -> Actor:
    """Return who did it.

    People at work see names. Customers and guests see their own name, else `staff` or `system`.
    """
    snapshot = _snapshot(entry)
    name = None
    if entry.actor_kind == "user":
        known = users.get(UUID(entry.actor))
        # Row security shows an account to its person and to colleagues. Of a customer, people at work know the name
        # that is in the snapshot.
        is_the_customer = entry.actor == snapshot.get("customer_id")
        name = known.name if known else snapshot.get("customer_name") if is_the_customer else None
    elif entry.actor_kind == "guest":
        name = snapshot.get("customer_name")
    if at_work:
        return Actor(entry.actor_kind, entry.actor_role or None, name)
    if entry.actor_kind not in ("user", "guest"):
        return Actor("system", None, None)
    if entry.actor_role in ("owner", "staff"):
        return Actor(entry.actor_kind, "staff", None)
    return Actor(entry.actor_kind, entry.actor_role or None, name)
