"""The form of a service: what it takes of people and resources, with errors at the fields that they are about."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from businesses.backoffice.form_fields import VersionedForm
from businesses.backoffice.kinds_of_resource import active_by_kind, kind_text
from businesses.models import ServiceResource

PROCESSING = ("processing_after_minutes", "processing_minutes")
NO_KINDS = "There are no resources yet. Add rooms, chairs or machines under “Resources” first, then choose here."


class ServiceForm(VersionedForm):
    kinds = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Needs",
        help_text="Each booking takes one free resource of every kind that is ticked.",
    )

    class Meta:
        labels = {
            "max_simultaneous_bookings": "Bookings at a time",
            "is_group": "Class",
            "processing_after_minutes": "Begins after",
            "processing_minutes": "Lasts",
        }
        help_texts = {
            "slug": "Its name in web addresses.",
            "position": "Lower comes first.",
            "duration_minutes": "Multiples of 5.",
            "slot_interval_minutes": "Minutes between the starts offered; empty: as in the settings.",
            "max_simultaneous_bookings": (
                "Empty: as many as its people and resources can serve, or one if it needs neither."
                " A class needs a number: how many can take part."
            ),
            "is_group": "Several customers at one start, with one person and in one room.",
            "buffer_before_minutes": "Kept free before each booking, to prepare.",
            "buffer_after_minutes": "Kept free after each booking, to clean up.",
            "processing_after_minutes": "Minutes from the start. 0: there is no processing time.",
            "processing_minutes": "Minutes. It is over before the service ends.",
            "is_active": "Off: nobody can book it; what is booked stays.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PROCESSING:
            # People who only look get a form without these.
            if name in self.fields:
                self.fields[name].required = False
        self.initial["kinds"] = (
            [] if self.instance._state.adding else list(self._needs().values_list("kind", flat=True))
        )
        active = active_by_kind(self.instance.business_id)
        # A kind whose last resource was deleted stays, so that it can be unticked.
        known = sorted({*active, *self.initial["kinds"]})
        self.fields["kinds"].choices = [(kind, _choice(kind, active.get(kind, 0))) for kind in known]  # type: ignore[attr-defined]
        if not known:
            self.fields["kinds"].help_text = NO_KINDS

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in PROCESSING:
            # Left empty, there is none. What could not be read has its error already.
            if name in cleaned:
                cleaned[name] = cleaned[name] or 0
        self._check_class(cleaned)
        if not self.errors:
            self._check_processing(cleaned)
        return cleaned

    def save_kinds(self) -> None:
        """Write which kinds the saved service needs. The service's version keeps two editors apart."""
        wanted = set(self.cleaned_data["kinds"])
        self._needs().exclude(kind__in=wanted).delete()
        for kind in sorted(wanted - set(self._needed())):
            ServiceResource.objects.create(business_id=self.instance.business_id, service=self.instance, kind=kind)

    def _check_class(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("is_group"):
            return
        if cleaned.get("max_simultaneous_bookings") is None and "max_simultaneous_bookings" not in self.errors:
            self.add_error("max_simultaneous_bookings", "A class needs a number: write how many can take part.")
        if cleaned.get("processing_minutes"):
            self.add_error("processing_minutes", "A class has no processing time: write 0, or make it no class.")

    def _check_processing(self, cleaned: dict[str, Any]) -> None:
        after, minutes = (cleaned[name] for name in PROCESSING)
        latest = cleaned["duration_minutes"] - 5
        if minutes and not after:
            self.add_error("processing_after_minutes", "Processing time begins after the start: write 5 or more.")
        elif after and not minutes:
            self.add_error("processing_minutes", "Write how long it lasts, or 0 in “Begins after” for none.")
        elif after + minutes > latest and minutes:
            self.add_error(
                "processing_minutes",
                f"It must be over 5 minutes before the service ends: {after} + {minutes} is more than {latest}.",
            )

    def _needed(self) -> list[str]:
        return list(self._needs().values_list("kind", flat=True))

    def _needs(self) -> QuerySet[ServiceResource]:
        return ServiceResource.objects.filter(business_id=self.instance.business_id, service=self.instance)


def _choice(kind: str, active: int) -> str:
    return f"{kind_text(kind)} ({active} active)" if active else f"{kind_text(kind)} (none is active)"
