"""The page "Why is a time not free?" of the back office: a form and, below it, the explanation.

The form is sent by GET, so a refused booking can link to its own explanation.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import INPUT_CLASSES, UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from bookings.backoffice.booking_forms import StartFields
from bookings.explain.asked_time import Asked, BadTime, read_time
from bookings.explain.explanation import Explanation, explain
from bookings.explain.timeline import place_text
from businesses.backoffice.admin_site import workplace
from businesses.models import Business, Service, Staff
from businesses.models.availability import MIDNIGHT, clock_text
from rhivo.clock import now

INSTANT = {"type": "datetime-local", "step": "1", "class": " ".join(INPUT_CLASSES)}


class ExplainForm(StartFields):
    """What is asked about: a start of a service, for one person or anyone, and an earlier instant if any.

    `places` are of a class.
    """

    service = forms.ModelChoiceField(Service.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose")
    staff = forms.ModelChoiceField(
        Staff.objects.none(), required=False, widget=UnfoldAdminSelectWidget, empty_label="Anyone", label="With"
    )
    places = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1000,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many were wanted in a class. Empty: one.",
    )
    then = forms.CharField(
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs=INSTANT),
        label="How was it at",
        help_text="When it was refused, if you know. Empty: only how it is now.",
    )

    field_order = ("service", "staff", "places", "day", "clock", "then", "exact")

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business = business
        # Inactive ones too: why something can no longer be booked is asked about them.
        self.fields["service"].queryset = Service.objects.filter(business=business)  # type: ignore[attr-defined]
        self.fields["staff"].queryset = Staff.objects.filter(business=business)  # type: ignore[attr-defined]

    def clean_then(self) -> datetime | None:
        text = self.cleaned_data["then"]
        try:
            then = read_time(text, self.business.zone).instant if text else None
        except BadTime as refusal:
            raise ValidationError("Write day and time, such as 2026-12-01 12:03:00.") from refusal
        if then is not None and then > now():
            raise ValidationError("That is still to come.")
        return then

    @property
    def asked(self) -> Asked:
        """The start, with a remark where the clocks change at that time."""
        day, minute = self.cleaned_data["day"], self.cleaned_data["clock"]
        # `exact` names one instant. 24:00 is the next day's midnight, which text of that day cannot say.
        if self.cleaned_data.get("exact") or minute == MIDNIGHT:
            return Asked(self.start, "")
        return read_time(f"{day} {clock_text(minute)}", self.business.zone)


def explained(request: HttpRequest) -> dict[str, Any]:
    """Return what the page shows: the form, and the explanation once the form is filled in."""
    business = workplace(request)
    form = ExplainForm(request.GET or None, business=business)
    context: dict[str, Any] = {"title": "Why is a time not free?", "form": form}
    if not form.is_bound or not form.is_valid():
        return context
    typed, asked = form.cleaned_data, form.asked
    found = explain(
        business,
        typed["service"],
        asked.instant,
        at=now(),
        staff=typed["staff"],
        places=typed["places"] or 1,
        then=typed["then"],
        remark=asked.remark,
    )
    return context | {
        "explained": found,
        "judgements": _judgements(found),
        "events": [(event, place_text(event.places)) for event in found.events],
        "second": _second(request, found.start) if asked.remark else "",
    }


def _judgements(found: Explanation) -> list[tuple[str, Any, str]]:
    """Return title, judgement and free places of each instant that is judged, the earlier one first."""
    titled = [(f"At {found.then.at:%-d %b %Y, %H:%M:%S}", found.then)] if found.then else []
    return [(title, judgement, place_text(judgement.remaining)) for title, judgement in [*titled, ("Now", found.now)]]


def _second(request: HttpRequest, start: datetime) -> str:
    """Return the query for the second of two instants that read like a start, '' where there is one alone."""
    # When clocks go back, fold=1 means the later of the two (PEP 495); the offset says whether there are two.
    second = start.replace(fold=1)
    if second.utcoffset() == start.utcoffset():
        return ""
    return urlencode({**request.GET.dict(), "exact": second.isoformat()})
