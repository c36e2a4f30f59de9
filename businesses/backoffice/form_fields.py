"""Forms of the back office: rows that belong to the business of the claims, versions, times of day, prices."""

import json
import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from businesses.models.availability import MIDNIGHT, clock_text
from rhivo import claims
from rhivo.errors import RhivoError, VersionConflict

LAST_VERSION = 2**31 - 1
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")
# ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THOUSANDTHS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
DECIMALS = dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THOUSANDTHS, 3)


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    """Edits a row of the business of the claims; the form has no say in whose it is.

    `refusal` is what the database answered when these very values were to be saved: it becomes an error of the form.
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
    """Saves over the version that was shown and no other; the database refuses it when another has come meanwhile."""

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
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data[self.add_prefix("version")] = str(self.current_version)  # type: ignore[index]
            raise ValidationError(
                "Someone else changed this meanwhile. What you typed is kept: save again to put it over their change, "
                "or open the page anew to see it.",
                code="stale",
            ) from error

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
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
        minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else MIDNIGHT + 1
        if minute > MIDNIGHT:
            raise ValidationError("Write a time as HH:MM, up to 24:00.")
        return minute


class PriceField(forms.DecimalField):
    """A price in a currency's main unit, kept in its minor one."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        self.decimals = DECIMALS.get(currency, 2)
        super().__init__(min_value=0, max_digits=9, decimal_places=self.decimals, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return Decimal(value).scaleb(-self.decimals) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        price = super().clean(value)
        return None if price is None else int(price.scaleb(self.decimals))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class QuestionsField(forms.JSONField):
    """A business's booking questions as indented JSON; nothing is no questions."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return super().clean(value) or []


def price_text(minor: int, currency: str) -> str:
    """Return a price with its currency, as 25.00 EUR."""
    decimals = DECIMALS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f} {currency}"
