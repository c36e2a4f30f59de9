"""What can be done to an appointment in the back office: each deed's words, its form, and the operation it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.utils.html import format_html
from django.utils.safestring import SafeString

from bookings import operations
from bookings.backoffice.booking_forms import CancelForm, ChangeForm, MoveForm, OutcomeForm
from bookings.messages import channel_to_customer
from bookings.models import Appointment, Status
from rhivo.web.local_time import local_time


@dataclass(frozen=True, slots=True)
class Act:
    """A deed as the pages show it; `done` says what came of it, and whom it is still to be told.

    `is_legal` only decides what is offered; the operation decides what is done.
    """

    title: str
    button: str
    done: Callable[[Appointment], str | SafeString]
    form: type[ChangeForm]
    is_legal: Callable[[Appointment, datetime], bool]
    perform: Callable[[Appointment, ChangeForm, datetime], Appointment]


def _is_confirmed(appointment: Appointment, at: datetime) -> bool:
    return appointment.status == Status.CONFIRMED


def _is_over_without(status: Status) -> Callable[[Appointment, datetime], bool]:
    closed = {Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW} - {status}
    return lambda appointment, at: appointment.status in closed and appointment.starts_at <= at


def _cancel(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    typed = form.cleaned_data
    return operations.cancel_appointment(
        appointment=appointment, version=typed["version"], reason=typed["reason"], at=at
    )


def _complete(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    return operations.complete_appointment(appointment=appointment, version=form.cleaned_data["version"], at=at)


def _no_show(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    return operations.mark_no_show(appointment=appointment, version=form.cleaned_data["version"], at=at)


def _move(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    move = cast(MoveForm, form)
    return operations.reschedule_appointment(
        appointment=appointment,
        start=move.start,
        service=form.cleaned_data["service"],
        staff=move.staff_wanted,
        version=form.cleaned_data["version"],
        at=at,
    )


def _rescheduled(appointment: Appointment) -> SafeString:
    person = f" with {appointment.staff.name}" if appointment.staff else ""
    what = f"Rescheduled: {appointment.service_name}{person}, {local_time(appointment.starts_at)}."
    return format_html("{} {}", what, how_told(appointment))


def _canceled(appointment: Appointment) -> SafeString:
    return format_html("Canceled: the time is free. {}", how_told(appointment))


def how_told(appointment: Appointment) -> SafeString:
    """Return how the customer learns of what was just done: by a message, or by a call that somebody has to make."""
    name, phone = appointment.customer_name, appointment.customer_phone
    if reached := channel_to_customer(appointment):
        channel, recipient = reached
        return format_html("A {} to {} is on its way.", channel.noun, recipient)
    if phone:
        call = '{} has no email address here and is not told: call <a class="underline" href="tel:{}">{}</a>.'
        return format_html(call, name, phone, phone)
    return format_html("{} has neither an email address nor a phone number here and is not told.", name)


MOVE = Act("Reschedule", "Reschedule", _rescheduled, MoveForm, _is_confirmed, _move)
CANCEL = Act("Cancel", "Cancel the appointment", _canceled, CancelForm, _is_confirmed, _cancel)
COMPLETE = Act(
    "Completed",
    "It took place",
    lambda _: "Marked as completed.",
    OutcomeForm,
    _is_over_without(Status.COMPLETED),
    _complete,
)
NO_SHOW = Act(
    "No-show",
    "Nobody came",
    lambda _: "Marked as no-show.",
    OutcomeForm,
    _is_over_without(Status.NO_SHOW),
    _no_show,
)
