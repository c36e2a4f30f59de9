"""The pages of a held time: ask for the details, book it, or give it back."""

import time
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from bookings import operations
from bookings.errors import HoldExpired, IllegalTransition
from bookings.models import Appointment, Reservation, ReservationStatus
from bookings.operations.hold import require_live
from bookings.pages.choose_time import places_query, times_address
from bookings.pages.forms import DetailsForm
from bookings.pages.rendering import account_of, page
from businesses.models import Staff
from businesses.tenant_request import business_of
from rhivo import claims
from rhivo.api.errors import status_of
from rhivo.clock import now
from rhivo.errors import IdempotencyMismatch, NotFound, RhivoError, Throttled, Unavailable
from rhivo.tokens import guest_token, token_hash

TYPED = "typed"
TYPED_IS_KEPT = 30 * 60  # seconds


@require_http_methods(["GET", "HEAD", "POST"])
@page
def hold(request: HttpRequest, reservation_id: UUID) -> HttpResponse:
    """Ask for the details of a booking while its time is held, and on POST book it."""
    held = operations.find_hold(business=business_of(request), reservation_id=reservation_id)
    # The back button after booking, or a second tab: the form has nothing to do any more.
    if held.status == ReservationStatus.COMMITTED:
        return redirect(booking_address(held))
    form = _form(request)
    try:
        require_live(held, at=now())
        return _booked(request, held, form) if request.method == "POST" else _details(request, held, form)
    # From the line above, or from the operation when the time runs out after it.
    except HoldExpired:
        _remember(request, form)
        context = {"hold": held, "back": _times_of(request, held), "typed": form.is_bound}
        return render(request, "booking/run_out.html", context, status=410)


@require_POST
@page
def release(request: HttpRequest, reservation_id: UUID) -> HttpResponse:
    """Give a held time back and lead to the other times; what was typed is kept for the next hold."""
    held = operations.find_hold(business=business_of(request), reservation_id=reservation_id)
    try:
        operations.release_hold(reservation=held)
    except IllegalTransition:
        # Booked meanwhile in another tab.
        return redirect(booking_address(held))
    _remember(request, _form(request))
    return redirect(_times_of(request, held))


def _booked(request: HttpRequest, held: Reservation, form: DetailsForm) -> HttpResponse:
    if not form.is_valid():
        return _details(request, held, form, status=422)
    try:
        operations.commit_hold(
            business=held.business,
            reservation_id=held.id,
            contact=form.contact,
            notes=form.cleaned_data["notes"],
            answers=form.answers,
            # A hold becomes one booking at most, so its id is key enough: a second press gets the same appointment.
            key=f"page {held.id}",
            at=now(),
        )
    except IdempotencyMismatch:
        # Booked from another tab with other details. Whoever has this address holds the time: show what it became.
        return redirect(booking_address(held))
    # Nothing that was typed is the cause of these. All other refusals belong into the form.
    except (HoldExpired, NotFound, Throttled, Unavailable):
        raise
    except RhivoError as error:
        form.refuse(error.errors, error.detail)
        return _details(request, held, form, status=status_of(error))
    request.session.pop(TYPED, None)
    return redirect(booking_address(held))


def _details(request: HttpRequest, held: Reservation, form: DetailsForm, status: int = 200) -> HttpResponse:
    release = reverse("release", args=[held.id])
    context = {
        "hold": held,
        "form": form,
        # Seconds and no instant: the clock of the visitor's machine may be wrong, `rhivo.js` counts from the arrival.
        "seconds_left": int((held.expires_at - now()).total_seconds()),
        "release": f"{release}?{request.GET.urlencode()}" if request.GET else release,
        "query": places_query(held.places),
    }
    return render(request, "booking/details.html", context, status=status)


def booking_address(held: Reservation) -> str:
    """Return where the booking made of a hold is managed: by its guest's link, or in the customer's bookings."""
    token = guest_token(held.id)
    # Row security shows a guest's booking to these claims alone, so they come before the query.
    claims.assume(claims.current().with_(reservation_id=held.id, cancellation_token=token_hash(token)))
    made = Appointment.objects.filter(business_id=held.business_id, reservation_id=held.id).first()
    if made is None:
        # Booked by an account that is not logged in here now. The page asks for the log-in.
        return reverse("my_bookings")
    return (
        reverse("guest_booking", args=[token])
        if made.cancellation_token_hash
        else reverse("my_booking", args=[made.id])
    )


def _times_of(request: HttpRequest, held: Reservation) -> str:
    """Return the address of the times of the hold's day: the person's if that person was chosen, else anyone's."""
    asked_for: Staff | None = held.staff if held.staff and request.GET.get("with") == held.staff.slug else None
    return times_address(held.service, asked_for, held.starts_at.astimezone(held.business.zone), held.places)


def _form(request: HttpRequest) -> DetailsForm:
    account = account_of(request)
    known = {"name": account.name, "phone": account.phone} if account else {}
    data = request.POST if request.method == "POST" else None
    return DetailsForm(business_of(request), account, data, initial=known | _remembered(request))


def _remember(request: HttpRequest, form: DetailsForm) -> None:
    """Keep what was typed for half an hour, for the next time that is held."""
    if form.is_bound:
        request.session[TYPED] = {"at": int(time.time()), "values": form.typed()}


def _remembered(request: HttpRequest) -> dict[str, Any]:
    kept = request.session.get(TYPED)
    if not kept or time.time() - kept["at"] > TYPED_IS_KEPT:
        return {}
    # What was left empty must not blank out what the account knows.
    return {name: value for name, value in kept["values"].items() if value}
