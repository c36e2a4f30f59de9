"""Forms of the back office to book, reschedule, cancel or mark an appointment.

A refusal is shown with all that was typed.
"""

from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.backoffice.resource_choice import ANY, ResourceChoice, not_needed
from bookings.errors import SlotUnavailable
from bookings.models import Appointment
from bookings.operations.reschedule import KEEP, Keep
from bookings.rules.hours import local_instant
from bookings.rules.reasons import Override, overridden_by
from businesses.backoffice.form_fields import ClockField
from businesses.models import Business, Resource, Service, Staff
from rhivo.errors import IdempotencyMismatch, RhivoError, VersionConflict
from rhivo.text.plurals import counted

DAY = {"type": "date", "class": " ".join(INPUT_CLASSES)}
# Values of the field "With": a staff member's id is neither.
ANYONE, SAME = "", "same"
OVERRIDE_FIELDS = {
    "ignore_notice": Override.NOTICE,
    "ignore_advance": Override.ADVANCE,
    "ignore_hours": Override.HOURS,
}


class ActionForm(forms.Form):
    """A form whose action may be refused: the refusal becomes its error, with `alternatives` to choose from."""

    alternatives: list[datetime]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alternatives = []

    def refuse(self, refusal: RhivoError) -> None:
        """Show a refusal beside the fields that it names, or above the form."""
        self.alternatives = list(refusal.extra.get("alternatives", []))
        for name, complaints in refusal.errors.items():
            self.add_error(name if name in self.fields else None, complaints)
        if not refusal.errors:
            self.add_error(None, refusal.detail)

    def _put(self, name: str, value: str) -> None:
        """Replace what was typed in one field."""
        # Django's QueryDict of a request cannot be changed, a copy can.
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data[self.add_prefix(name)] = value  # type: ignore[index]


class ChangeForm(ActionForm):
    """Changes one appointment, in the version that was shown."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, appointment: Appointment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.appointment = appointment
        self.initial["version"] = appointment.version

    def refuse(self, refusal: RhivoError) -> None:
        # The page shows the row as it is now, so a second press is a decision on that and carries its version.
        if isinstance(refusal, VersionConflict):
            self._put("version", str(refusal.extra.get("current_version", self.appointment.version)))
            self.add_error(None, "Someone else changed this meanwhile: above is how it is now. Decide again.")
        else:
            super().refuse(refusal)


class OutcomeForm(ChangeForm):
    """Nothing to fill in: it took place, or nobody came."""


class CancelForm(ChangeForm):
    reason = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in the history; the customer does not see it.",
    )


class StartFields(ActionForm):
    """A start as day and wall-clock time of the business. `exact` tells two instants that read alike apart."""

    day = forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs=DAY))
    clock = ClockField(label="Time")

    exact = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    business: Business

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        # Zones and buffers are added to it, so the first and the last year cannot be.
        if not MINYEAR + 1 < day.year < MAXYEAR - 1:
            raise ValidationError("There is no calendar for that year.")
        return day

    @property
    def is_choosing(self) -> bool:
        """Whether nothing is to be done yet: free times are looked up, or one of them is taken into the form."""
        # These are the names of the other buttons of the form.
        return self.is_bound and ("look" in self.data or "take" in self.data)

    def _take(self) -> None:
        """Fill in the time that was chosen among those offered."""
        instant = parse_datetime(self.data.get("take", "")) if self.is_bound else None
        if instant is not None and timezone.is_aware(instant):
            local = instant.astimezone(self.business.zone)
            self._put("day", local.date().isoformat())
            self._put("clock", local.strftime("%H:%M"))
            self._put("exact", instant.isoformat())

    @property
    def start(self) -> datetime:
        """The instant that was asked for. A time that the clocks skip is read as the one after the gap."""
        day, minute = self.cleaned_data["day"], self.cleaned_data["clock"]
        exact: datetime | None = self.cleaned_data.get("exact")
        # `exact` was set when a time was taken. It counts as long as day and time were not typed over since.
        if exact is not None:
            local = exact.astimezone(self.business.zone)
            if (local.date(), local.hour * 60 + local.minute) == (day, minute):
                return exact
        return local_instant(day, minute, self.business.zone)

    def typed(self) -> dict[str, Any]:
        """Return all that was typed, as initial values of a new form."""
        return {name: self[name].value() for name in self.fields}


class SlotFields(StartFields):
    """A start with what is wanted there: places in a class, and resources where there is a choice of them."""

    choice: ResourceChoice
    places_wanted = 1

    @property
    def resources(self) -> list[Resource]:
        """The resources that were picked; of other kinds the rules choose."""
        return list(self.choice.picked(self.cleaned_data).values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        service: Service | None = cleaned.get("service")
        if service is not None:
            for name, complaint in not_needed(self.choice.picked(cleaned), service).items():
                self.add_error(name, complaint)
        return cleaned

    def refuse(self, refusal: RhivoError) -> None:
        super().refuse(refusal)
        if not isinstance(refusal, SlotUnavailable):
            return
        if self.places_wanted > 1:
            self.add_error(None, f"It needs {counted(self.places_wanted, 'place')}: fewer may still be free.")
        for name, resource in self.choice.picked(self.cleaned_data).items():
            self.add_error(name, f"Only {resource.name} was looked at: choose another, or “{ANY}”.")

    def _ask_for_resources(self, after: str, used: list[UUID] | None = None) -> None:
        """Add the fields of resources behind another."""
        self.choice = ResourceChoice(self.business, used)
        asked = self.choice.fields()
        self.fields.update(asked)
        before = list(self.field_order or ())
        at = before.index(after) + 1
        self.order_fields([*before[:at], *asked, *before[at:]])


class BookForm(SlotFields):
    """A booking on the phone or at the door."""

    service = forms.ModelChoiceField(Service.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose")
    staff = forms.ModelChoiceField(
        Staff.objects.none(), required=False, widget=UnfoldAdminSelectWidget, empty_label="Anyone", label="With"
    )
    places = forms.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
        label="Places",
        help_text="In a class, how many take part. The price is per place.",
    )
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)
    email = forms.CharField(
        max_length=254,
        required=False,
        widget=UnfoldAdminEmailInputWidget,
        help_text="The confirmation goes there. Without one the customer gets no mail.",
    )
    phone = forms.CharField(max_length=32, required=False, widget=UnfoldAdminTextInputWidget)
    notes = forms.CharField(max_length=2000, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))
    ignore_notice = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget, label="Book at shorter notice than customers may"
    )
    ignore_advance = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget, label="Book further ahead than customers may"
    )
    ignore_hours = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget, label="Book outside hours or off the usual starts"
    )
    key = forms.CharField(min_length=8, max_length=128, widget=forms.HiddenInput)

    field_order = (
        "service",
        "staff",
        "places",
        "day",
        "clock",
        "name",
        "email",
        "phone",
        "notes",
        *OVERRIDE_FIELDS,
        "key",
        "exact",
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business = business
        # Travels with the form: pressed twice, it books once.
        self.initial.setdefault("key", uuid4().hex)
        offered = Service.objects.active().filter(business=business)
        self.fields["service"].queryset = offered  # type: ignore[attr-defined]
        self.fields["staff"].queryset = Staff.objects.active().filter(business=business)  # type: ignore[attr-defined]
        self._ask_for_resources(after="staff")
        if not offered.filter(is_group=True).exists():
            del self.fields["places"]
        self._take()

    @property
    def places_wanted(self) -> int:  # type: ignore[override]
        return self.cleaned_data.get("places") or 1

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        service: Service | None = cleaned.get("service")
        if service is None or self.places_wanted == 1:
            return cleaned
        number = service.max_simultaneous_bookings
        if not service.is_group:
            self.add_error("places", "Only a class takes several places in one booking: write 1.")
        elif number is not None and self.places_wanted > number:
            self.add_error("places", f"{service.name} has {counted(number, 'place')} in all.")
        return cleaned

    @property
    def overrides(self) -> list[Override]:
        return [override for name, override in OVERRIDE_FIELDS.items() if self.cleaned_data[name]]

    def refuse(self, refusal: RhivoError) -> None:
        if isinstance(refusal, IdempotencyMismatch):
            # A copy of the page or the back button, with other details: that is another booking, under another key.
            self._put("key", uuid4().hex)
            self.add_error(None, "This form has booked already, see the list. Press “Book” again for one more booking.")
            return
        super().refuse(refusal)
        # Point at the override that would set this very reason aside.
        for name, override in OVERRIDE_FIELDS.items():
            if refusal.code in overridden_by([override]) and not self.cleaned_data.get(name):
                self.add_error(name, "Tick this to book nevertheless.")


class RescheduleForm(ChangeForm, SlotFields):
    """Another time, service or person for an appointment."""

    service = forms.ModelChoiceField(Service.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None)
    staff = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, label="With")

    field_order = ("service", "staff", "day", "clock", "version", "exact")

    def __init__(self, *args: Any, appointment: Appointment, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, appointment=appointment, **kwargs)
        self.business = business
        local = appointment.starts_at.astimezone(business.zone)
        for name, value in {
            "service": appointment.service_id,
            "staff": SAME if appointment.staff_id else ANYONE,
            "day": local.date(),
            "clock": local.hour * 60 + local.minute,
        }.items():
            self.initial.setdefault(name, value)
        # A service that is not offered any more stays for the booking that has it.
        offered = Service.objects.filter(business=business)
        self.fields["service"].queryset = offered.active() | offered.filter(pk=appointment.service_id)  # type: ignore[attr-defined]
        self._ask_for_resources(after="staff", used=appointment.resource_ids)
        self.places_wanted = appointment.places
        self._people = {str(person.pk): person for person in Staff.objects.active().filter(business=business)}
        self.fields["staff"].choices = self._staff_choices()  # type: ignore[attr-defined]
        self._take()

    def _staff_choices(self) -> list[tuple[str, str]]:
        others = [(key, person.name) for key, person in self._people.items() if person != self.appointment.staff]
        same = [(SAME, f"{self.appointment.staff.name} as now")] if self.appointment.staff else []
        return [*same, (ANYONE, "Anyone"), *others]

    @property
    def staff_wanted(self) -> Staff | Keep | None:
        """The person chosen, None for anyone, KEEP for the one who has it now."""
        chosen = self.cleaned_data.get("staff", ANYONE)
        return KEEP if chosen == SAME else self._people.get(chosen)
