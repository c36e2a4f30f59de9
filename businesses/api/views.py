"""Directory, catalogue and log-in over HTTP: translates, never decides."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from businesses.api import serializers
from businesses.identity.known_browsers import account
from businesses.identity.log_in import log_in, refresh_tokens
from businesses.models import Business, Service, ServiceResource, Staff
from businesses.tenant_request import business_of
from rhivo.api.pagination import CursorPages
from rhivo.api.schema import PROBLEMS
from rhivo.api.serializers import answer_of, body_of, query_of
from rhivo.clock import now
from rhivo.web.throttling import limited, throttle


class DirectoryView(APIView):
    """Listed, active businesses by name."""

    @extend_schema(
        parameters=[serializers.DirectoryQuery],
        responses={200: serializers.BusinessPageSerializer} | PROBLEMS,
        operation_id="list_businesses",
    )
    def get(self, request: Request) -> Response:
        query = query_of(request, serializers.DirectoryQuery)
        found: QuerySet[Business] = Business.objects.listed()
        # Each word must be found, in any of the three: "salon milan" finds the salon in Milan.
        for word in query.get("q", "").split():
            found = found.filter(Q(name__icontains=word) | Q(subdomain__icontains=word) | Q(tagline__icontains=word))
        page = CursorPages("name", "id").page(found, request)
        return Response(answer_of(serializers.BusinessPageSerializer, page))


class BusinessView(APIView):
    """One business: zone, currency, contact, branding, rules, policy and what a booking asks for."""

    @extend_schema(responses={200: serializers.BusinessSerializer} | PROBLEMS, operation_id="get_business")
    def get(self, request: Request, subdomain: str) -> Response:
        return Response(answer_of(serializers.BusinessSerializer, business_of(request)))


class ServicesView(APIView):
    """The active catalogue, by category."""

    @extend_schema(responses={200: serializers.CatalogueSerializer} | PROBLEMS, operation_id="list_services")
    def get(self, request: Request, subdomain: str) -> Response:
        return Response(answer_of(serializers.CatalogueSerializer, {"categories": catalogue(business_of(request))}))


class StaffView(APIView):
    """The people who can be booked."""

    @extend_schema(responses={200: serializers.StaffListSerializer} | PROBLEMS, operation_id="list_staff")
    def get(self, request: Request, subdomain: str) -> Response:
        people = Staff.objects.active().filter(business=business_of(request)).prefetch_related("services")
        return Response(answer_of(serializers.StaffListSerializer, {"staff": people}))


def catalogue(business: Business) -> list[dict[str, Any]]:
    """Return the active services under their categories, those without one last, in two queries."""
    kinds = ServiceResource.objects.filter(business=business, service_id=OuterRef("pk")).order_by("kind").values("kind")
    services = (
        Service.objects.active()
        .filter(business=business)
        .annotate(resources=ArraySubquery(kinds))
        .select_related("category", "business")
        .prefetch_related(Prefetch("staff", queryset=Staff.objects.active()))
    )
    # A dict keeps the order in which headings first come. Sorted here and not in SQL, because the one without a
    # category goes last whatever its name.
    by_category: dict[Any, dict[str, Any]] = {}
    ordered = sorted(
        services,
        key=lambda s: (
            s.category is None,
            s.category.position if s.category else 0,
            s.category.name if s.category else "",
        ),
    )
    for service in ordered:
        heading = by_category.setdefault(
            service.category_id, {"name": service.category.name if service.category else None, "services": []}
        )
        heading["services"].append(service)
    return list(by_category.values())


@limited("login")
class TokenView(APIView):
    """Log in with email and password, in one business or as a customer anywhere."""

    @extend_schema(
        request=serializers.LogIn, responses={200: serializers.TokenPairSerializer} | PROBLEMS, operation_id="log_in"
    )
    def post(self, request: Request) -> Response:
        given = body_of(request, serializers.LogIn)
        # Besides the limit of the client's address: many addresses may try the passwords of one account.
        throttle(request, "account", who=account(given["email"]))
        pair = log_in(given["email"], given["password"], subdomain=given.get("business"), at=now())
        return Response(answer_of(serializers.TokenPairSerializer, pair))


@limited("login")
class RefreshView(APIView):
    """New tokens for a refresh token, as long as its person is active and the password is the same."""

    @extend_schema(
        request=serializers.Refresh,
        responses={200: serializers.TokenPairSerializer} | PROBLEMS,
        operation_id="refresh_tokens",
    )
    def post(self, request: Request) -> Response:
        pair = refresh_tokens(body_of(request, serializers.Refresh)["refresh"], at=now())
        return Response(answer_of(serializers.TokenPairSerializer, pair))
