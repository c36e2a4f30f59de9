"""A business's front page and its colours: what can be booked there, when it is open, how to reach it."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from bookings.pages.colours import stylesheet
from bookings.pages.rendering import page
from businesses.models import Availability, Business, Service, Weekday
from businesses.tenant_request import business_of

CLOSURES_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Heading:
    """A category's name, '' for services under none, with its services."""

    name: str
    services: list[Service]


@dataclass(frozen=True, slots=True)
class Weekly:
    """The opening windows of one weekday; none when it is closed."""

    name: str
    windows: list[Availability]
    is_today: bool


@require_safe
@page
def home(request: HttpRequest) -> HttpResponse:
    """Show what a business offers and when it is open."""
    business = business_of(request)
    today = localdate(timezone=business.zone)
    context = {
        "headings": catalogue(business),
        "week": opening_hours(business, today),
        "exceptions": coming_exceptions(business, today),
    }
    return render(request, "booking/home.html", context)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def theme(request: HttpRequest) -> HttpResponse:
    """Answer with the business's colours as a stylesheet."""
    # Kept for a year: `base.html` puts the colour into the query, so another colour has another address.
    return HttpResponse(stylesheet(business_of(request).accent_color), content_type="text/css")


def catalogue(business: Business) -> list[Heading]:
    """Return the services that can be booked, by category, in the business's order, those without a category last."""
    services = Service.objects.active().filter(business_id=business.id).select_related("category")

    def place(service: Service) -> tuple[bool, int, str, int, str]:
        category = service.category
        # False sorts before True, so services without a category come last. The name separates two categories of one
        # position: groupby joins neighbours alone.
        shelf = (category is None, category.position if category else 0, category.name if category else "")
        return (*shelf, service.position, service.name)

    grouped = groupby(sorted(services, key=place), attrgetter("category"))
    return [Heading(category.name if category else "", list(members)) for category, members in grouped]


def opening_hours(business: Business, today: date) -> list[Weekly]:
    """Return the business's weekly windows, Monday first."""
    rows = list(Availability.objects.filter(business_id=business.id).of_business().weekly())
    return [
        Weekly(str(day.label), [row for row in rows if row.weekday == day], today.weekday() == day) for day in Weekday
    ]


def coming_exceptions(business: Business, today: date) -> list[Availability]:
    """Return the closures and special hours that a visitor should know of."""
    rows = Availability.objects.filter(business_id=business.id).of_business().exceptions()
    return list(
        rows.filter(last_date__gte=today, first_date__lte=today + CLOSURES_AHEAD).order_by("first_date", "opens")
    )
