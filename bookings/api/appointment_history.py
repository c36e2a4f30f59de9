"""The history of one appointment over HTTP: what changed, in the API's own fields.

`known_entries` decides what each reader may know.
"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api.known_entries import KnownEntry, known_entries
from bookings.api.serializers import LocalInstant
from bookings.history.snapshots import history_of
from bookings.lookups import find_appointment
from businesses.api.authentication import require_identity
from rhivo.api.pagination import CursorPages, PageSerializer
from rhivo.api.schema import PROBLEMS
from rhivo.api.serializers import StrictSerializer, answer_of, query_of


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
    at = LocalInstant(source="entry.at")
    action = serializers.CharField(
        source="entry.action", help_text="booked, rescheduled, canceled, completed, no_show, changed"
    )
    actor = ActorSerializer()
    reason = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(help_text="The appointment's after this entry")
    changes = ChangeSerializer(many=True)
    request_id = serializers.CharField(source="entry.request_id", required=False, help_text="To people at work only")

    def to_representation(self, known: KnownEntry) -> dict[str, Any]:
        body = super().to_representation(known)
        if not known.at_work:
            del body["request_id"]
        return body


class HistoryPageSerializer(PageSerializer):
    results = EntrySerializer(many=True)


class HistoryView(APIView):
    """What happened to one appointment, the oldest first, to those who may read the appointment."""

    @extend_schema(
        parameters=[HistoryQuery],
        responses={200: HistoryPageSerializer} | PROBLEMS,
        operation_id="get_appointment_history",
    )
    def get(self, request: Request, appointment_id: UUID) -> Response:
        require_identity()
        # Refuses what is unknown or unreadable; the page reads the parameters itself.
        query_of(request, HistoryQuery)
        appointment = find_appointment(appointment_id)
        page = CursorPages("id").page(history_of(appointment), request)
        page = page._replace(results=known_entries(appointment, page.results))
        return Response(answer_of(HistoryPageSerializer, page))
