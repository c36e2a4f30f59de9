"""Slots, holds and appointments over HTTP: translates, never decides."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import operations
from bookings.api import serializers
from bookings.api.slot_search import search_slots
from bookings.contact import Contact
from bookings.lookups import appointments, find_appointment, find_service, find_staff, id_or_slug
from bookings.models import Appointment, read_resources
from bookings.operations.hold import require_live
from bookings.operations.reschedule import KEEP
from bookings.rules.reasons import Override
from bookings.visitors import visitor_of
from businesses.api.authentication import require_identity, require_work
from businesses.identity.access_tokens import issue_guest
from businesses.models import Business
from businesses.tenant_request import business_of
from rhivo import claims
from rhivo.api.headers import etag, idempotency_key, version_read
from rhivo.api.pagination import CursorPages
from rhivo.api.schema import CHANGE_PROBLEMS, IDEMPOTENCY_KEY, IF_MATCH, PROBLEMS, WRITE_PROBLEMS, problems
from rhivo.api.serializers import answer_of, body_of, query_of
from rhivo.clock import now
from rhivo.errors import NotAuthenticated
from rhivo.tokens import token_hash
from rhivo.web.throttling import limited


class SlotsView(APIView):
    """Free starts of a service, day by local day; every day of the range is listed."""

    @extend_schema(
        parameters=[serializers.SlotsQuery],
        responses={200: serializers.SlotsSerializer} | PROBLEMS,
        operation_id="list_slots",
    )
    def get(self, request: Request, subdomain: str) -> Response:
        query = query_of(request, serializers.SlotsQuery)
        business = business_of(request)
        answer = search_slots(
            business,
            find_service(business, query["service"]),
            first=query["from"],
            last=query["to"],
            staff=find_staff(business, query.get("staff")),
            places=query["places"],
            include_unavailable="include" in query,
            at=now(),
        )
        return Response(answer)


@limited("hold")
class HoldsView(APIView):
    """Hold a slot."""

    @extend_schema(
        request=serializers.HoldRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: serializers.HoldSerializer, 201: serializers.HoldSerializer} | WRITE_PROBLEMS,
        operation_id="hold_slot",
    )
    def post(self, request: Request, subdomain: str) -> Response:
        key = idempotency_key(request)
        given = body_of(request, serializers.HoldRequest)
        business = business_of(request)
        # Inactive ones too: the same request under the same key still gets the hold that it made.
        held = operations.hold_slot(
            business=business,
            service=find_service(business, given["service"], also_inactive=True),
            staff=find_staff(business, given.get("staff"), also_inactive=True),
            start=given["start"],
            places=given["places"],
            visitor=visitor_of(request),
            key=key,
            at=now(),
        )
        return Response(answer_of(serializers.HoldSerializer, held.reservation), status=201 if held.created else 200)


class HoldView(APIView):
    """A hold; its id is the key to it."""

    @extend_schema(responses={200: serializers.HoldSerializer} | PROBLEMS | problems(410), operation_id="get_hold")
    def get(self, request: Request, subdomain: str, reservation_id: UUID) -> Response:
        # Nobody needs to be logged in: row security shows a hold to the claims that carry its id.
        hold = operations.find_hold(business=business_of(request), reservation_id=reservation_id)
        require_live(hold, at=now())
        return Response(answer_of(serializers.HoldSerializer, hold))

    @extend_schema(responses={204: None} | PROBLEMS | problems(409), operation_id="release_hold")
    def delete(self, request: Request, subdomain: str, reservation_id: UUID) -> Response:
        hold = operations.find_hold(business=business_of(request), reservation_id=reservation_id)
        operations.release_hold(reservation=hold)
        return Response(status=204)


class CommitView(APIView):
    """Make the appointment of a hold."""

    @extend_schema(
        request=serializers.CommitRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: serializers.NewAppointmentSerializer, 201: serializers.NewAppointmentSerializer}
        | WRITE_PROBLEMS,
        operation_id="book",
    )
    def post(self, request: Request, subdomain: str) -> Response:
        key = idempotency_key(request)
        given = body_of(request, serializers.CommitRequest)
        booked = operations.commit_hold(
            business=business_of(request),
            reservation_id=given["reservation"],
            contact=Contact(given["name"], given["email"], given["phone"]),
            notes=given["notes"],
            answers=given["answers"],
            key=key,
            at=now(),
        )
        return _with_etag(
            answer_of(serializers.NewAppointmentSerializer, booked), status=201 if booked.created else 200
        )


class AppointmentsView(APIView):
    """A customer's own appointments, or the business's to its people; booking by staff."""

    @extend_schema(
        parameters=[serializers.AppointmentsQuery],
        responses={200: serializers.AppointmentPageSerializer} | PROBLEMS,
        operation_id="list_appointments",
    )
    def get(self, request: Request) -> Response:
        require_identity()
        query = query_of(request, serializers.AppointmentsQuery)
        page = CursorPages("starts_at", "id").page(_filtered(query), request)
        read_resources(page.results)
        return Response(answer_of(serializers.AppointmentPageSerializer, page))

    @extend_schema(
        request=serializers.StaffBookingRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: serializers.AppointmentSerializer, 201: serializers.AppointmentSerializer} | WRITE_PROBLEMS,
        operation_id="book_for_customer",
    )
    def post(self, request: Request) -> Response:
        # First who asks: a visitor is told to log in, not what is wrong with the body.
        business = _workplace()
        key = idempotency_key(request)
        given = body_of(request, serializers.StaffBookingRequest)
        booked = operations.book_for_customer(
            business=business,
            service=find_service(business, given["service"], also_inactive=True),
            staff=find_staff(business, given.get("staff"), also_inactive=True),
            start=given["start"],
            places=given["places"],
            contact=Contact(**given["customer"]),
            notes=given["notes"],
            overrides=[Override(value) for value in given["override"]],
            key=key,
            at=now(),
        )
        # Without a token: that is the guest's, and staff do not need it.
        return _with_etag(
            answer_of(serializers.AppointmentSerializer, booked.appointment), status=201 if booked.created else 200
        )


def _workplace() -> Business:
    """Return the business in which the person works who asks; raises NotAuthenticated or Forbidden for others."""
    business_id = require_work().business_id
    # For mypy: a role at work comes with its business.
    assert business_id is not None
    return Business.objects.get(pk=business_id)


def _filtered(query: dict[str, Any]) -> QuerySet[Appointment]:
    """Narrow the appointments that the claims reach; dates are local to the business, of several businesses UTC."""
    found = appointments()
    # No business: a customer's appointments of everywhere, or the business is switched off and nothing is found.
    business_id = claims.current().business_id
    business = Business.objects.filter(pk=business_id).first() if business_id else None
    zone = business.zone if business else UTC
    if "status" in query:
        found = found.filter(status=query["status"])
    for name in ("service", "staff"):
        if name in query:
            # Not by `find_service`: a customer of several businesses names the services of any, active or not.
            found = found.filter(_named(name, query[name]))
    if "from" in query:
        found = found.filter(starts_at__gte=datetime.combine(query["from"], time(), zone))
    if "to" in query:
        found = found.filter(starts_at__lt=datetime.combine(_next(query["to"]), time(), zone))
    return found


def _named(relation: str, value: str) -> Q:
    field, wanted = id_or_slug(value)
    return Q(**{f"{relation}__{field}": wanted})


def _next(day: date) -> date:
    # Python has no day after the last of 9999.
    return day + timedelta(days=1) if day < date.max else day


class AppointmentView(APIView):
    """One appointment, to its customer or guest and to the people at work."""

    @extend_schema(responses={200: serializers.AppointmentSerializer} | PROBLEMS, operation_id="get_appointment")
    def get(self, request: Request, appointment_id: UUID) -> Response:
        require_identity()
        return _with_etag(answer_of(serializers.AppointmentSerializer, find_appointment(appointment_id)))


class CancelView(APIView):
    @extend_schema(
        request=serializers.CancelRequest,
        parameters=[IF_MATCH],
        responses={200: serializers.AppointmentSerializer} | CHANGE_PROBLEMS,
        operation_id="cancel_appointment",
    )
    def post(self, request: Request, appointment_id: UUID) -> Response:
        """Cancel; twice is the same as once."""
        appointment = _to_change(appointment_id)
        given = body_of(request, serializers.CancelRequest)
        changed = operations.cancel_appointment(
            appointment=appointment, version=version_read(request), reason=given["reason"], at=now()
        )
        return _changed(changed)


class RescheduleView(APIView):
    @extend_schema(
        request=serializers.RescheduleRequest,
        parameters=[IF_MATCH],
        responses={200: serializers.AppointmentSerializer} | CHANGE_PROBLEMS,
        operation_id="reschedule_appointment",
    )
    def post(self, request: Request, appointment_id: UUID) -> Response:
        """Reschedule, in one step."""
        appointment = _to_change(appointment_id)
        given = body_of(request, serializers.RescheduleRequest)
        business = appointment.business
        changed = operations.reschedule_appointment(
            appointment=appointment,
            start=given["start"],
            staff=find_staff(business, given["staff"], also_inactive=True) if "staff" in given else KEEP,
            service=find_service(business, given["service"], also_inactive=True) if "service" in given else None,
            version=version_read(request),
            at=now(),
        )
        return _changed(changed)


class CompleteView(APIView):
    @extend_schema(
        request=serializers.OutcomeRequest,
        parameters=[IF_MATCH],
        responses={200: serializers.AppointmentSerializer} | CHANGE_PROBLEMS,
        operation_id="complete_appointment",
    )
    def post(self, request: Request, appointment_id: UUID) -> Response:
        """Say that it took place; staff only."""
        appointment = _to_change(appointment_id)
        body_of(request, serializers.OutcomeRequest)
        changed = operations.complete_appointment(appointment=appointment, version=version_read(request), at=now())
        return _changed(changed)


class NoShowView(APIView):
    @extend_schema(
        request=serializers.OutcomeRequest,
        parameters=[IF_MATCH],
        responses={200: serializers.AppointmentSerializer} | CHANGE_PROBLEMS,
        operation_id="mark_no_show",
    )
    def post(self, request: Request, appointment_id: UUID) -> Response:
        """Say that the customer did not come; staff only."""
        appointment = _to_change(appointment_id)
        body_of(request, serializers.OutcomeRequest)
        changed = operations.mark_no_show(appointment=appointment, version=version_read(request), at=now())
        return _changed(changed)


def _to_change(appointment_id: UUID) -> Appointment:
    """Return the appointment that is to be changed, to those who may read it; the operation asks what they may do."""
    require_identity()
    return find_appointment(appointment_id)


def _changed(appointment: Appointment) -> Response:
    return _with_etag(answer_of(serializers.AppointmentSerializer, appointment))


def _with_etag(body: dict[str, Any], *, status: int = 200) -> Response:
    # The version is the ETag, and what a later change sends in If-Match.
    return Response(body, status=status, headers={"ETag": etag(body["version"])})


@limited("login")
class GuestView(APIView):
    """An access token for the one appointment that a cancellation token is for."""

    @extend_schema(
        request=serializers.GuestExchange,
        responses={200: serializers.AccessTokenSerializer} | PROBLEMS,
        operation_id="exchange_guest_token",
    )
    def post(self, request: Request) -> Response:
        given = body_of(request, serializers.GuestExchange)
        token = token_hash(given["cancellation_token"])
        # Row security shows the appointment of a token to the claims that carry its hash, and to these alone.
        claims.assume(claims.current().with_(cancellation_token=token))
        if not Appointment.objects.filter(cancellation_token_hash=token).exists():
            raise NotAuthenticated("This link is not valid.")
        return Response(answer_of(serializers.AccessTokenSerializer, {"access": issue_guest(token, at=now())}))
