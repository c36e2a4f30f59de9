"""The history of one appointment over HTTP: what changed, in the API's own fields, as far as the reader may know it.

People at work read all of it. A customer or guest learns what changed and whether they, the business or the system did
it; not who at work it was, which rules were set aside, nor why: a reason given at work is kept for work.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.models import AuditLog
from bookings.api.serializers import appointment_json
from bookings.history.snapshots import appointment_as_it_was, history_of
from bookings.lookups import find_appointment
from bookings.models import Appointment
from businesses.api.authentication import require_identity
from businesses.models import Service, Staff, User
from rhivo import claims
from rhivo.api.pagination import CursorPages
from rhivo.api.schema import PROBLEMS
from rhivo.api.serializers import StrictSerializer, query_of
from rhivo.web.throttling import throttle

UNCHANGING = frozenset({"id", "business", "timezone", "version", "created_at"})
NOTHING: tuple[object, ...] = ("", None, {}, [])


class HistoryQuery(StrictSerializer):
    cursor = serializers.CharField(required=False, max_length=500)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class ActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=["user", "guest", "public", "worker", "database", "system"],
        help_text="`system` is what customers and guests are told instead of the last three",
    )
    role = serializers.ChoiceField(
        choices=["owner", "staff", "customer"],
        allow_null=True,
        help_text="To customers and guests everybody at work is `staff`",
    )
    name = serializers.CharField(allow_null=True, help_text="Null where the reader may not know it, or nobody does")


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="As an appointment calls it; `overrides` to people at work only")
    before = serializers.JSONField(allow_null=True, help_text="As an appointment shows it; null at first")
    after = serializers.JSONField(allow_null=True)


class EntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    action = serializers.CharField(help_text="booked, rescheduled, canceled, completed, no_show, changed")
    actor = ActorSerializer()
    reason = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(help_text="The appointment's after this entry")
    changes = ChangeSerializer(many=True)
    request_id = serializers.CharField(required=False, help_text="To people at work only")


class HistoryPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EntrySerializer(many=True)


class HistoryView(APIView):
    """What happened to one appointment, the oldest first, to whom it concerns."""

    @extend_schema(
        parameters=[HistoryQuery],
        responses={200: HistoryPageSerializer} | PROBLEMS,
        operation_id="get_appointment_history",
    )
    def get(self, request: Request, appointment_id: UUID) -> Response:
        require_identity()
        throttle(request, "read")
        query_of(request, HistoryQuery)
        appointment = find_appointment(appointment_id)
        pages = CursorPages()
        pages.ordering = ("id",)
        page = pages.paginate_queryset(history_of(appointment), request, view=self)
        return pages.get_paginated_response(entries_json(appointment, page))


def entries_json(appointment: Appointment, entries: Sequence[AuditLog]) -> list[dict[str, Any]]:
    """Return entries as the API shows them to whoever the claims in force are of; three queries however many."""
    snapshots = [snapshot for entry in entries for snapshot in (entry.before, entry.after) if snapshot]
    services = Service.objects.in_bulk({snapshot["service_id"] for snapshot in snapshots})
    people = Staff.objects.in_bulk({snapshot["staff_id"] for snapshot in snapshots if snapshot["staff_id"]})
    users = User.objects.in_bulk({entry.actor for entry in entries if entry.actor_kind == "user"})

    def shown(snapshot: dict[str, Any] | None) -> dict[str, Any]:
        if not snapshot:
            return {}
        was = appointment_as_it_was(snapshot, appointment.business, services, people)
        told = {field: value for field, value in appointment_json(was).items() if field not in UNCHANGING}
        return told | ({"overrides": was.overrides} if claims.current().works_here else {})

    return [_entry_json(entry, shown(entry.before), shown(entry.after), users, appointment) for entry in entries]


def _entry_json(
    entry: AuditLog,
    before: dict[str, Any],
    after: dict[str, Any],
    users: Mapping[UUID, User],
    appointment: Appointment,
) -> dict[str, Any]:
    at_work = claims.current().works_here
    by_work = entry.actor_role in ("owner", "staff") or entry.actor_kind not in ("user", "guest")
    body = {
        "at": entry.at.astimezone(appointment.business.zone).isoformat(),
        "action": entry.action,
        "actor": _actor_json(entry, users, at_work=at_work),
        "reason": entry.reason if at_work or not by_work else "",
        "version": (entry.after or entry.before or {}).get("version"),
        "changes": _changes(before, after),
    }
    return body | ({"request_id": entry.request_id} if at_work else {})


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields that differ, in the order in which an appointment shows them; at first what says something."""
    pairs = [(field, before.get(field), after.get(field)) for field in after or before]
    return [
        {"field": field, "before": old, "after": new}
        for field, old, new in pairs
        if old != new and not (old is None and new in NOTHING)
    ]


def _actor_json(entry: AuditLog, users: Mapping[UUID, User], *, at_work: bool) -> dict[str, Any]:
    """Return who did it: to people at work by name, to others what they are to each other."""
    snapshot = entry.after or entry.before or {}
    name = None
    if entry.actor_kind == "user":
        known = users.get(UUID(entry.actor))
        is_the_customer = entry.actor == snapshot.get("customer_id")
        name = known.name if known else snapshot.get("customer_name") if is_the_customer else None
    elif entry.actor_kind == "guest":
        name = snapshot.get("customer_name")
    if at_work:
        return {"kind": entry.actor_kind, "role": entry.actor_role or None, "name": name}
    if entry.actor_kind not in ("user", "guest"):
        return {"kind": "system", "role": None, "name": None}
    if entry.actor_role in ("owner", "staff"):
        return {"kind": entry.actor_kind, "role": "staff", "name": None}
    return {"kind": entry.actor_kind, "role": entry.actor_role or None, "name": name}
