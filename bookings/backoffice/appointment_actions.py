"""What can be done to an appointment in the back office: each deed's words, its form, and the operation it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from bookings import operations
from bookings.backoffice.booking_forms import CancelForm, ChangeForm, MoveForm, OutcomeForm
from bookings.models import Appointment, Status


@dataclass(frozen=True, slots=True)
class Act:
    """A deed as the pages show it. `is_legal` only decides what is offered; the operation decides what is done."""

    title: str
    button: str
    done: str
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


MOVE = Act("Move", "Move", "Moved: the customer is told.", MoveForm, _is_confirmed, _move)
CANCEL = Act("Cancel", "Cancel the appointment", "Canceled: the time is free.", CancelForm, _is_confirmed, _cancel)
COMPLETE = Act(
    "Completed", "It took place", "Marked as completed.", OutcomeForm, _is_over_without(Status.COMPLETED), _complete
)
NO_SHOW = Act("No-show", "Nobody came", "Marked as no-show.", OutcomeForm, _is_over_without(Status.NO_SHOW), _no_show)
