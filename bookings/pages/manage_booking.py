"""The pages on which customers see, reschedule and cancel a booking, reached by a guest's link or by logging in.

Each page exists twice, under two names: `guest_…` and `my_…`. The views take a `Booking`, which knows which it is.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import operations
from bookings.contact import answers_as_asked
from bookings.errors import SlotUnavailable
from bookings.lookups import appointments
from bookings.messages import facts
from bookings.models import Appointment, Status
from bookings.operations.reschedule import KEEP
from bookings.pages.choose_time import ANYONE, people_of
from bookings.pages.forms import CancelForm, RescheduleForm, StartForm, cleaned
from bookings.pages.rendering import Text, View, account_of, customers_page, page, refusal
from bookings.pages.time_picker import Search, pick
from businesses.models import Staff
from businesses.tenant_request import business_of
from notifications.calendar_file import calendar_file
from rhivo import claims
from rhivo.api.errors import status_of
from rhivo.clock import now
from rhivo.errors import NotFound, RhivoError, VersionConflict
from rhivo.tokens import token_hash


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment and how it was reached: `way` is `guest` and `name` the link's token, or `my` and the id."""

    appointment: Appointment
    way: str
    name: str | UUID
    at: datetime

    def address(self, page: str = "booking") -> str:
        return reverse(f"{self.way}_{page}", args=[self.name])

    @property
    def home(self) -> str:
        return self.address()

    @property
    def reschedule(self) -> str:
        return self.address("reschedule")

    @property
    def cancel(self) -> str:
        return self.address("cancel")

    @property
    def calendar(self) -> str:
        return self.address("calendar")

    # These three decide what is offered. The operation decides what is done, under the lock of the row.

    @property
    def is_ahead(self) -> bool:
        """Whether it is still to come."""
        return self.appointment.status == Status.CONFIRMED and self.at < self.appointment.starts_at

    @property
    def may_reschedule(self) -> bool:
        until = self.appointment.reschedule_until
        return self.is_ahead and until is not None and self.at <= until

    @property
    def may_cancel(self) -> bool:
        until = self.appointment.cancel_until
        return self.is_ahead and until is not None and self.at <= until


def by_link(view: View) -> View:
    """Make a view of a Booking the page of a guest's link; an unknown token is a page not found."""

    def shown(request: HttpRequest, token: str) -> HttpResponse:
        hashed = token_hash(token)
        # Row security shows the booking to this claim alone, so it comes before the query.
        claims.assume(claims.current().with_(cancellation_token=hashed))
        found = appointments().filter(business_id=business_of(request).id, cancellation_token_hash=hashed).first()
        return view(request, _booking(found, "guest", token))

    return page(shown)


def signed_in(view: View) -> View:
    """Make a view of a Booking the page of its customer's account; anyone else gets a page not found."""

    def shown(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
        mine = appointments().filter(business_id=business_of(request).id, customer=account_of(request))
        return view(request, _booking(mine.filter(pk=appointment_id).first(), "my", appointment_id))

    return customers_page(shown)


def _booking(found: Appointment | None, way: str, name: str | UUID) -> Booking:
    if found is None:
        raise NotFound("There is no such booking.")
    return Booking(found, way, name, now())


@require_safe
def booking(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Show a booking with what can be done about it."""
    return _shown(request, booking)


def _shown(request: HttpRequest, booking: Booking, *, alert: Text | None = None, status: int = 200) -> HttpResponse:
    given = answers_as_asked(booking.appointment.business, booking.appointment.answers)
    answers = [(label, _("Yes") if said is True else said) for label, said in given]
    context = {
        "booking": booking,
        "appointment": booking.appointment,
        "answers": answers,
        "alert": alert,
        "link": request.build_absolute_uri(booking.home),
    }
    return render(request, "booking/booking.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Ask whether to cancel, and on POST cancel."""
    appointment = booking.appointment
    # A second press, or a tab from before: there is nothing to ask.
    if appointment.status == Status.CANCELED:
        return redirect(booking.home)
    form = CancelForm(request.POST or None, initial={"version": appointment.version})
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(
            request,
            "booking/cancel.html",
            {"booking": booking, "appointment": appointment, "form": form},
            status=status,
        )
    given = form.cleaned_data
    try:
        operations.cancel_appointment(
            appointment=appointment, version=given["version"], reason=given["reason"], at=now()
        )
    except RhivoError as error:
        return _refused(request, booking, error)
    messages.success(request, _("Your booking is canceled."))
    return redirect(booking.home)


@require_http_methods(["GET", "HEAD", "POST"])
def reschedule(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Show other times, by default with the same person; ask about the one that is pressed, and on POST take it."""
    appointment = booking.appointment
    kept = person_kept(appointment)
    # A person who no longer does the service cannot be kept: then anyone's times are shown.
    anyone = (request.POST or request.GET).get("with") == ANYONE or (appointment.staff is not None and kept is None)
    if request.method == "POST":
        return _reschedule(request, booking, anyone=anyone)
    if not booking.is_ahead:
        return redirect(booking.home)
    person = None if anyone else kept
    if booking.may_reschedule and "start" in request.GET:
        return _asked(request, booking, person, anyone=anyone)
    search = _search(booking, person)
    context = {
        "booking": booking,
        "appointment": appointment,
        "person": person,
        "kept": kept,
        "has_choice": kept is not None and len(people_of(appointment.service)) > 1,
        "picker": pick(search, request.GET.get("day") or str(localdate(appointment.starts_at))),
        "hidden": _with(anyone=anyone),
        "keep": f"&with={ANYONE}" if anyone else "",
    }
    return render(request, "booking/reschedule.html", context)


def _search(booking: Booking, person: Staff | None) -> Search:
    appointment = booking.appointment
    return Search(
        business=appointment.business,
        service=appointment.service,
        staff=person,
        rescheduling=appointment,
        places=appointment.places,
        at=booking.at,
    )


def _asked(request: HttpRequest, booking: Booking, person: Staff | None, *, anyone: bool) -> HttpResponse:
    """Ask whether to take the time that was pressed; the booking's own time needs no question."""
    appointment, start = booking.appointment, cleaned(StartForm(request.GET))["start"]
    if start == appointment.starts_at:
        return _unchanged(request, booking)
    context = {
        "booking": booking,
        "appointment": appointment,
        "person": person,
        "start": start,
        # The length that was agreed. The service may have another one by now.
        "end": start + (appointment.ends_at - appointment.starts_at),
        "hidden": {"start": start.isoformat(), "version": appointment.version} | _with(anyone=anyone),
        "back": _times(booking, start, anyone=anyone),
    }
    return render(request, "booking/reschedule_confirm.html", context)


def _reschedule(request: HttpRequest, booking: Booking, *, anyone: bool) -> HttpResponse:
    given = cleaned(RescheduleForm(request.POST))
    try:
        after = operations.reschedule_appointment(
            appointment=booking.appointment,
            start=given["start"],
            version=given["version"],
            staff=None if anyone else KEEP,
            at=now(),
        )
    except SlotUnavailable as error:
        return _taken(request, booking, error, given["start"], anyone=anyone)
    # Pressed twice: the first press brought the booking to this very time, which is what the second one wants.
    except VersionConflict as error:
        if booking.appointment.starts_at != given["start"]:
            return _refused(request, booking, error)
    except RhivoError as error:
        return _refused(request, booking, error)
    else:
        if after.version == given["version"]:
            return _unchanged(request, booking)
        messages.success(request, _("Your booking is rescheduled."))
    return redirect(booking.home)


def _unchanged(request: HttpRequest, booking: Booking) -> HttpResponse:
    messages.info(request, _("That is the time you have. Nothing has changed."))
    return redirect(booking.home)


def _with(*, anyone: bool) -> dict[str, str]:
    return {"with": ANYONE} if anyone else {}


def _times(booking: Booking, start: datetime, *, anyone: bool) -> str:
    """Return the address of the times of a start's day."""
    return f"{booking.reschedule}?{urlencode({'day': str(localdate(start))} | _with(anyone=anyone))}"


def _taken(
    request: HttpRequest, booking: Booking, error: SlotUnavailable, start: datetime, *, anyone: bool
) -> HttpResponse:
    appointment = booking.appointment
    person = None if anyone else appointment.staff
    context = {
        "service": appointment.service,
        "person": person,
        "start": start,
        "places": appointment.places,
        "left": _search(booking, person).left(start) if appointment.places > 1 else 0,
        "times": error.extra.get("alternatives", []),
        "action": booking.reschedule,
        "hidden": _with(anyone=anyone),
        "back": _times(booking, start, anyone=anyone),
        "rescheduling": booking,
    }
    return render(request, "booking/taken.html", context, status=409)


def _refused(request: HttpRequest, booking: Booking, error: RhivoError) -> HttpResponse:
    """Say why a change was refused. A press on a page that was out of date shows the booking as it is now."""
    if isinstance(error, VersionConflict):
        # The operation rolled back to its savepoint, so the transaction still reads.
        fresh = appointments().get(pk=booking.appointment.pk)
        changed = Booking(fresh, booking.way, booking.name, booking.at)
        words = _("This booking has changed meanwhile. Nothing was done: here it is as it is now.")
        return _shown(request, changed, alert=words, status=status_of(error))
    return refusal(request, error, back=booking.home, back_label=_("Back to the booking"))


@require_safe
def calendar(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Answer with the booking as a file for the customer's own calendar."""
    appointment = booking.appointment
    body = calendar_file(
        facts(appointment),
        url=request.build_absolute_uri(booking.home),
        # The page of a canceled booking has no link to this. A link that was kept strikes the entry out.
        canceled=appointment.status == Status.CANCELED,
        at=booking.at,
    )
    # RFC 5545, 8.1: the method of the media type is the one in the file.
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="{appointment.reference}.ics"'
    return response


def person_kept(appointment: Appointment) -> Staff | None:
    """Return the booking's person if they still do the service, else None."""
    return next((person for person in people_of(appointment.service) if person.id == appointment.staff_id), None)
