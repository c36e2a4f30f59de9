"""The forms of the booking pages. They check shape alone: operations decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.contact import MAX_ANSWER, Contact
from businesses.models import Business, User
from rhivo.errors import Malformed

# Before the keys of a business's own questions, which may be named as our fields are. Operations name answers alike.
ANSWER = "answers."
# Far from the ends of what a datetime can hold: zones and durations are added to what is read.
EARLIEST_YEAR, LATEST_YEAR = 2000, 2200
SHORT_CHOICE = 5  # this many choices are all shown; more fold into a list


class InstantField(forms.CharField):
    """An aware instant in RFC 3339, as the page wrote it into its button."""

    def clean(self, value: Any) -> datetime:
        text = super().clean(value)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError(_("Choose one of the times on the page.")) from error
        # Without an offset it would be read in whatever zone is in force.
        if instant.tzinfo is None or not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
            raise forms.ValidationError(_("Choose one of the times on the page."))
        return instant


class HoldForm(forms.Form):
    """A press on a time. Presses of one time and as many places with one `nonce` are one request."""

    nonce = forms.RegexField(r"\A[A-Za-z0-9_-]{16,64}\Z")
    start = InstantField()
    # Only the page of a class asks. Whether there are as many is for the operation to say.
    places = forms.IntegerField(min_value=1, max_value=1000, required=False)

    def clean_places(self) -> int:
        return self.cleaned_data["places"] or 1


class CancelForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=999_999_999, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("If you like to give one: the business will see it."),
    )


class StartForm(forms.Form):
    """A press on another time for a booking, which is still to be confirmed."""

    start = InstantField()


class RescheduleForm(StartForm):
    version = forms.IntegerField(min_value=1, max_value=999_999_999)


class LogInForm(forms.Form):
    email = forms.CharField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        # A password may begin or end with a space.
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class DetailsForm(forms.Form):
    """The customer's contact, and the answers to the business's own questions.

    Fields are required where the business says so. Whether a contact is good enough is decided by operations.
    """

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    phone = forms.CharField(
        label=_("Phone"), max_length=32, widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"})
    )
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Anything that helps to prepare your visit."),
    )

    def __init__(self, business: Business, account: User | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["email"].required = business.requires_email
        self.fields["phone"].required = business.requires_phone
        # An account's address is confirmed: it is not asked for, so it cannot be changed here either.
        if account:
            del self.fields["email"]
        for question in business.questions:
            self.fields[ANSWER + question["key"]] = question_field(question)
        self.order_fields(["name", "email", "phone", *(ANSWER + q["key"] for q in business.questions), "notes"])

    @property
    def contact(self) -> Contact:
        """The contact as given, with the account's email if there is an account."""
        email = self.account.email if self.account else self.cleaned_data["email"]
        return Contact(self.cleaned_data["name"], email, self.cleaned_data["phone"])

    @property
    def answers(self) -> dict[str, Any]:
        return {
            name.removeprefix(ANSWER): value for name, value in self.cleaned_data.items() if name.startswith(ANSWER)
        }

    def refuse(self, errors: Mapping[str, list[str]], otherwise: str) -> None:
        """Show what an operation complained of next to its fields, or above the form where it names none."""
        for field, complaints in errors.items():
            known = field if field in self.fields else None
            self.add_error(known, [forms.ValidationError(text) for text in complaints])
        if not errors:
            self.add_error(None, otherwise)

    def typed(self) -> dict[str, Any]:
        """Return what was typed so far, valid or not, as initial values of the next form."""
        return {name: self[name].data for name in self.fields}


def question_field(question: Mapping[str, Any]) -> forms.Field:
    """Return the form field for one of the business's questions."""
    label, required = question["label"], bool(question.get("required"))
    match question["kind"]:
        case "checkbox":
            return forms.BooleanField(label=label, required=required)
        case "choice":
            choices = [(choice, choice) for choice in question["choices"]]
            if len(choices) <= SHORT_CHOICE:
                return forms.ChoiceField(label=label, required=required, choices=choices, widget=forms.RadioSelect)
            return forms.ChoiceField(label=label, required=required, choices=[("", _("Choose…")), *choices])
        case _kind:
            return forms.CharField(label=label, required=required, max_length=MAX_ANSWER)


def cleaned(form: forms.Form) -> dict[str, Any]:
    """Return the values of a form of hidden fields; raises Malformed for values that no page of ours sends."""
    if not form.is_valid():
        raise Malformed(errors={name: [str(text) for text in texts] for name, texts in form.errors.items()})
    return form.cleaned_data
