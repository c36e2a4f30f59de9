"""The pages on which a visitor chooses a person and a time. A press on a time holds it.

What is free and what may be held is decided elsewhere: by the rules and by `operations.hold_slot`.
"""

import secrets
from datetime import datetime
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
from bookings.pages.time_picker import Search, pick
from bookings.visitors import visitor_of
from businesses.models import Business, Service, Staff
from businesses.tenant_request import business_of
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.web.throttling import limited

# In the place of a staff member's slug. No slug can be this: `businesses.validators` reserves it.
ANYONE = "anyone"


@require_safe
@page
def choose_staff(request: HttpRequest, service: str) -> HttpResponse:
    """Let the visitor choose a person; lead on to the times where there is nobody to choose between."""
    wanted = find_service(business_of(request), service)
    people = people_of(wanted)
    if len(people) < 2:
        return redirect("choose_time", wanted.slug, ANYONE)
    return render(request, "booking/staff.html", {"service": wanted, "people": people})


@limited("hold")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def choose_time(request: HttpRequest, service: str, staff: str) -> HttpResponse:
    """Show free times, and on POST hold the one that was pressed; 404 for a service or person that is not offered."""
    business = business_of(request)
    wanted = find_service(business, service)
    person = None if staff == ANYONE else find_staff(business, staff)
    if request.method == "POST":
        return _hold(request, business, wanted, person)
    search = Search(business=business, service=wanted, staff=person, at=now())
    context = {
        "service": wanted,
        "person": person,
        "has_choice": len(people_of(wanted)) > 1,
        "picker": pick(search, request.GET.get("day")),
        "action": times_address(wanted, person),
        "hidden": {"nonce": new_nonce()},
    }
    return render(request, "booking/times.html", context)


def _hold(request: HttpRequest, business: Business, service: Service, staff: Staff | None) -> HttpResponse:
    given = cleaned(HoldForm(request.POST))
    start: datetime = given["start"]
    account = account_of(request)
    try:
        held = operations.hold_slot(
            business=business,
            service=service,
            staff=staff,
            start=start,
            visitor=visitor_of(request),
            # One time pressed twice on one page is one request, another time on it is another. So is the same time
            # after a log-in: the hold belongs to the account, and one key for both would be refused as a mismatch.
            key=f"page {given['nonce']} {int(start.timestamp())} {account.pk if account else ''}",
            at=now(),
        )
    except SlotUnavailable as error:
        return _taken(request, error, business, service, staff, start)
    except RhivoError as error:
        back = times_address(service, staff, start.astimezone(business.zone))
        return refusal(request, error, back=back, back_label=_("Choose another time"))
    address = reverse("hold", args=[held.reservation.id])
    # A hold has a person also where anyone was wanted. `with` keeps which it was, for the way back to the times.
    return redirect(f"{address}?{urlencode({'with': staff.slug})}" if staff else address)


def _taken(
    request: HttpRequest,
    error: SlotUnavailable,
    business: Business,
    service: Service,
    staff: Staff | None,
    start: datetime,
) -> HttpResponse:
    """Say that the time was taken by somebody else, and offer the nearest free ones as buttons that hold them."""
    context = {
        "service": service,
        "person": staff,
        "start": start,
        "times": error.extra.get("alternatives", []),
        "action": times_address(service, staff),
        # A new one: under the old one an alternative that was pressed before would count as pressed again.
        "hidden": {"nonce": new_nonce()},
        "back": times_address(service, staff, start.astimezone(business.zone)),
    }
    return render(request, "booking/taken.html", context, status=409)


def people_of(service: Service) -> list[Staff]:
    """Return the active people who do a service, of whom a visitor may choose one."""
    return list(Staff.objects.active().filter(business_id=service.business_id, assignments__service_id=service.id))


def times_address(service: Service, staff: Staff | None, day: datetime | None = None) -> str:
    """Return the address of the times of a service, at the local day of an instant if one is given."""
    address = reverse("choose_time", args=[service.slug, staff.slug if staff else ANYONE])
    return f"{address}?{urlencode({'day': day.date().isoformat()})}" if day else address


def new_nonce() -> str:
    """Return a text unlike any other, by which two presses on one page are known as one request."""
    return secrets.token_urlsafe(18)
