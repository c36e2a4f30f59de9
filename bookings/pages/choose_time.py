"""The pages on which a visitor chooses a person, how many places of a class, and a time. A press on a time holds it.

What is free and what may be held is decided elsewhere: by the rules and by `operations.hold_slot`.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import operations
from bookings.errors import SlotUnavailable
from bookings.lookups import find_service, find_staff
from bookings.pages.forms import HoldForm, cleaned
from bookings.pages.rendering import account_of, page, refusal
from bookings.pages.time_picker import Search, parsed_day, pick
from bookings.visitors import visitor_of
from businesses.models import Business, Service, Staff
from businesses.tenant_request import business_of
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.web.throttling import limited

# In the place of a staff member's slug. No slug can be this: `businesses.validators` reserves it.
ANYONE = "anyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A time that was pressed: of which service, with whom (None for anyone), and how many places."""

    business: Business
    service: Service
    staff: Staff | None
    start: datetime
    places: int

    @property
    def back(self) -> str:
        """The address of the times of its day."""
        return times_address(self.service, self.staff, self.start.astimezone(self.business.zone), self.places)


@require_safe
@page
def choose_staff(request: HttpRequest, service: str) -> HttpResponse:
    """Let the visitor choose a person; lead on to the times where there is nobody to choose between."""
    wanted = find_service(business_of(request), service)
    people = people_of(wanted)
    places = places_wanted(request.GET.get("places"), wanted)
    if len(people) < 2:
        return redirect(times_address(wanted, None, places=places))
    context = {"service": wanted, "people": people, "query": places_query(places)}
    return render(request, "booking/staff.html", context)


@limited("hold")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def choose_time(request: HttpRequest, service: str, staff: str) -> HttpResponse:
    """Show free times, and on POST hold the one that was pressed; 404 for a service or person that is not offered."""
    business = business_of(request)
    wanted = find_service(business, service)
    person = None if staff == ANYONE else find_staff(business, staff)
    # The number of places is sent by the form of the times, so that a time is never held for another number than the
    # page shows. Its own button asks for the times anew; as a GET it would carry the form's token into the address.
    if request.method == "POST" and "show" in request.POST:
        places = places_wanted(request.POST.get("places"), wanted)
        return redirect(times_address(wanted, person, parsed_day(request.GET.get("day")), places))
    if request.method == "POST":
        given = cleaned(HoldForm(request.POST))
        pressed = Pressed(business=business, service=wanted, staff=person, start=given["start"], places=given["places"])
        return _hold(request, pressed, given["nonce"])
    return _times(request, business, wanted, person)


def _times(request: HttpRequest, business: Business, service: Service, staff: Staff | None) -> HttpResponse:
    places = places_wanted(request.GET.get("places"), service)
    search = Search(business=business, service=service, staff=staff, places=places, at=now())
    context = {
        "service": service,
        "person": staff,
        "has_choice": len(people_of(service)) > 1,
        "picker": pick(search, request.GET.get("day")),
        "action": times_address(service, staff),
        "hidden": {"nonce": new_nonce()},
        "query": places_query(places),
        "keep": f"&places={places}" if places > 1 else "",
        "total_cents": service.price_cents * places,
    }
    return render(request, "booking/times.html", context)


def _hold(request: HttpRequest, pressed: Pressed, nonce: str) -> HttpResponse:
    start, staff, account = pressed.start, pressed.staff, account_of(request)
    try:
        held = operations.hold_slot(
            business=pressed.business,
            service=pressed.service,
            staff=staff,
            start=start,
            places=pressed.places,
            visitor=visitor_of(request),
            # One time pressed twice on one page is one request, another time or number of places on it is another. So
            # is the same time after a log-in: the hold belongs to the account, and one key for both would be refused
            # as a mismatch.
            key=f"page {nonce} {int(start.timestamp())} {pressed.places} {account.pk if account else ''}",
            at=now(),
        )
    except SlotUnavailable as error:
        return _taken(request, error, pressed)
    except RhivoError as error:
        return refusal(request, error, back=pressed.back, back_label=_("Choose another time"))
    address = reverse("hold", args=[held.reservation.id])
    # A hold has a person also where anyone was wanted. `with` keeps which it was, for the way back to the times.
    return redirect(f"{address}?{urlencode({'with': staff.slug})}" if staff else address)


def _taken(request: HttpRequest, error: SlotUnavailable, pressed: Pressed) -> HttpResponse:
    """Say that the time was taken by somebody else, or how many places it has left, and offer the nearest free ones."""
    search = Search(business=pressed.business, service=pressed.service, staff=pressed.staff, at=now())
    context = {
        "service": pressed.service,
        "person": pressed.staff,
        "start": pressed.start,
        "places": pressed.places,
        # A third search, but only where there may be some left.
        "left": search.left(pressed.start) if pressed.places > 1 else 0,
        "times": error.extra.get("alternatives", []),
        "action": times_address(pressed.service, pressed.staff),
        # A new one: under the old one an alternative that was pressed before would count as pressed again.
        "hidden": {"nonce": new_nonce()},
        "back": pressed.back,
    }
    return render(request, "booking/taken.html", context, status=409)


def people_of(service: Service) -> list[Staff]:
    """Return the active people who do a service, of whom a visitor may choose one."""
    return list(Staff.objects.active().filter(business_id=service.business_id, assignments__service_id=service.id))


def places_wanted(text: str | None, service: Service) -> int:
    """Return how many places are wanted: of a class the nearest number that it has, of anything else 1."""
    try:
        wanted = int(text or 1)
    except ValueError:
        wanted = 1
    most = service.max_simultaneous_bookings if service.is_group else None
    return min(max(wanted, 1), most or 1)


def places_query(places: int) -> str:
    """Return the query by which a link keeps the number of places, '' for one."""
    return f"?{urlencode({'places': places})}" if places > 1 else ""


def times_address(service: Service, staff: Staff | None, day: date | None = None, places: int = 1) -> str:
    """Return the address of the times of a service, on a local day if one is given, for some places of a class."""
    address = reverse("choose_time", args=[service.slug, staff.slug if staff else ANYONE])
    query: dict[str, str] = {"day": f"{day:%Y-%m-%d}"} if day else {}
    if places > 1:
        query["places"] = str(places)
    return f"{address}?{urlencode(query)}" if query else address


def new_nonce() -> str:
    """Return a text unlike any other, by which two presses on one page are known as one request."""
    return secrets.token_urlsafe(18)
