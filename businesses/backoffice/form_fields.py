"""Forms and fields of the back office: rows of the business of the claims, versions, times of day, prices."""

import json
import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from businesses.models.availability import MIDNIGHT, clock_text
from businesses.money import amount_text, amount_typed, decimals_of, minor_units_of
from rhivo import claims
from rhivo.errors import RhivoError, VersionConflict

LAST_VERSION = 2**31 - 1  # what PostgreSQL's integer holds: more would be an error of the database
# Some locales write a dot. Hours above 24 fall out below.
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    """Edits a row of the business of the claims, whatever a browser sends as its business.

    `refusal` is what the database answered when these values were to be saved. It becomes an error of the form.
    """

    refusal: ClassVar[RhivoError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and hasattr(self.instance, "business_id"):
            self.instance.business_id = claims.current().business_id

    def _get_validation_exclusions(self) -> set[str]:
        # With its business a row's unique constraints can be checked before it is saved.
        return super()._get_validation_exclusions() - {"business"}  # type: ignore[misc, no-any-return]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.refusal is not None:
            raise ValidationError(self.refusal.detail, code=self.refusal.code)
        return cleaned


class VersionedForm(OwnForm):
    """Saves over the version that was shown; the database refuses if there is a newer one."""

    version = forms.IntegerField(required=False, min_value=0, max_value=LAST_VERSION, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_version: int = self.instance.version
        self.initial["version"] = self.current_version

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except ValidationError as error:
            if not isinstance(self.refusal, VersionConflict):
                raise
            # Saved a second time it goes over the newer version, since the page has said so.
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data[self.add_prefix("version")] = str(self.current_version)  # type: ignore[index]
            raise ValidationError(
                "Someone else changed this meanwhile. What you typed is kept: save again to put it over their change, "
                "or open the page anew to see it.",
                code="stale",
            ) from error

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        # The trigger compares the version of an UPDATE with the row's. No row has 0, so a missing one is refused.
        if not self.instance._state.adding:
            self.instance.version = self.cleaned_data.get("version") or 0


class ClockField(forms.Field):
    """A time of day as HH:MM, kept as minutes since midnight; 24:00 is the end of the day."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"placeholder": "HH:MM", "inputmode": "numeric", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return clock_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        match = CLOCK.fullmatch(str(value).strip())
        # One more than the last minute stands for whatever is no time of day.
        minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else MIDNIGHT + 1
        if minute > MIDNIGHT:
            raise ValidationError("Write a time as HH:MM, up to 24:00.")
        return minute


class PriceField(forms.DecimalField):
    """A price in a currency's main unit, typed as the business's locale writes numbers, kept in minor units."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, currency: str, locale: str = "en", **kwargs: Any) -> None:
        self.currency, self.locale = currency, locale
        super().__init__(min_value=0, max_digits=9, decimal_places=decimals_of(currency), **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return amount_text(value, self.currency, self.locale) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return amount_typed(str(value), self.locale)
        except ValueError as error:
            example = amount_text(1234, self.currency, self.locale)
            raise ValidationError(f"Write an amount such as {example}.", code="invalid") from error

    def clean(self, value: Any) -> Any:
        price = super().clean(value)
        return None if price is None else minor_units_of(price, self.currency)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            # As numbers: 25 and 25.00 are one price.
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True


class QuestionsField(forms.JSONField):
    """A business's booking questions as indented JSON; nothing is no questions."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        # An empty field is None to JSONField, and NULL is no list of questions.
        return super().clean(value) or []
