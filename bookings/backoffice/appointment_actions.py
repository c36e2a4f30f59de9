"""What can be done to an appointment in the back office: each action's words, form and operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bookings import operations
from bookings.backoffice.booking_forms import CancelForm, ChangeForm, OutcomeForm, RescheduleForm
from bookings.messages import channel_to_customer
from bookings.models import Appointment, Status
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.text.local_time import local_time


@dataclass(frozen=True, slots=True)
class AppointmentAction:
    """An action as the pages show it; `done` says what came of it, and whom somebody must still notify."""

    title: str
    button: str
    done: Callable[[Appointment], str | SafeString]
    form: type[ChangeForm]
    # Decides what is offered. What is done is decided by the operation, under the lock of the row.
    is_legal: Callable[[Appointment, datetime], bool]
    perform: Callable[[Appointment, ChangeForm, datetime], Appointment]


def _is_confirmed(appointment: Appointment, at: datetime) -> bool:
    return appointment.status == Status.CONFIRMED


def _is_over_without(status: Status) -> Callable[[Appointment, datetime], bool]:
    # An outcome can be corrected to the other one, so a completed one may still become a no-show.
    former = {Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW} - {status}
    return lambda appointment, at: appointment.status in former and appointment.starts_at <= at


def _cancel(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    typed = form.cleaned_data
    return operations.cancel_appointment(
        appointment=appointment, version=typed["version"], reason=typed["reason"], at=at
    )


def _complete(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    return operations.complete_appointment(appointment=appointment, version=form.cleaned_data["version"], at=at)


def _no_show(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    return operations.mark_no_show(appointment=appointment, version=form.cleaned_data["version"], at=at)


def _reschedule(appointment: Appointment, form: ChangeForm, at: datetime) -> Appointment:
    wanted = cast(RescheduleForm, form)  # as RESCHEDULE pairs them below
    return operations.reschedule_appointment(
        appointment=appointment,
        start=wanted.start,
        service=form.cleaned_data["service"],
        staff=wanted.staff_wanted,
        resources=wanted.resources,
        version=form.cleaned_data["version"],
        at=at,
    )


def _rescheduled(appointment: Appointment) -> SafeString:
    person = f" with {appointment.staff.name}" if appointment.staff else ""
    what = f"Rescheduled: {appointment.service_name}{person}, {local_time(appointment.starts_at)}."
    # `what` holds names that people typed: format_html escapes it.
    return format_html("{} {}", what, how_notified(appointment))


def _canceled(appointment: Appointment) -> SafeString:
    return format_html("Canceled: the time is free. {}", how_notified(appointment))


def how_notified(appointment: Appointment) -> SafeString:
    """Return how the customer learns of what was just done: by a message, or by a call that somebody has to make."""
    name, phone = appointment.customer_name, appointment.customer_phone
    if reached := channel_to_customer(appointment):
        channel, recipient = reached
        return format_html("A {} to {} is on its way.", channel.noun, recipient)
    if phone:
        return format_html("{} has no email address here and is not notified: call {}.", name, phone_link(phone))
    return format_html("{} has neither an email address nor a phone number here and is not notified.", name)


def phone_link(phone: str) -> SafeString | str:
    """Return a link that calls a number, '' for none."""
    # Numbers are stored in E.164, so there are no spaces in them, which `tel:` does not allow (RFC 3966).
    return format_html('<a class="underline" href="tel:{}">{}</a>', phone, phone) if phone else ""


RESCHEDULE = AppointmentAction("Reschedule", "Reschedule", _rescheduled, RescheduleForm, _is_confirmed, _reschedule)
CANCEL = AppointmentAction("Cancel", "Cancel the appointment", _canceled, CancelForm, _is_confirmed, _cancel)
COMPLETE = AppointmentAction(
    "Completed",
    "It took place",
    lambda _: "Marked as completed.",
    OutcomeForm,
    _is_over_without(Status.COMPLETED),
    _complete,
)
NO_SHOW = AppointmentAction(
    "No-show",
    "Nobody came",
    lambda _: "Marked as no-show.",
    OutcomeForm,
    _is_over_without(Status.NO_SHOW),
    _no_show,
)


def mark_each(
    request: HttpRequest, rows: QuerySet[Appointment], mark: Callable[..., Appointment], outcome: str
) -> None:
    """Mark each confirmed appointment on its own; a refusal of one leaves the others marked."""
    marked, left = 0, []
    for appointment in rows:
        # Those with an outcome stay: in a long list nobody would see that a no-show became completed.
        if appointment.status != Status.CONFIRMED:
            left.append(f"{appointment.reference} ({appointment.get_status_display().lower()})")
            continue
        try:
            mark(appointment=appointment, version=appointment.version, at=now())
            marked += 1
        except RhivoError as refusal:
            messages.error(request, f"{appointment.reference}: {refusal.detail}")
    if marked:
        messages.success(request, f"{marked} marked as {outcome}.")
    if left:
        why = "Only confirmed ones are marked together: correct an outcome on the appointment's own page."
        messages.warning(request, f"Left as they were: {', '.join(left)}. {why}")
