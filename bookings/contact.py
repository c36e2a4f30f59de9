"""Who is booked, and what they answered: checked against what the business asks for, in one normal form."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from bookings.errors import AnswersInvalid, ContactRequired
from businesses.models import Business, User, normalized_email
from rhivo.errors import Malformed

MAX_ANSWER = 1000


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's name, email ('' or lower case) and phone ('' or E.164)."""

    name: str
    email: str = ""
    phone: str = ""


def checked_contact(business: Business, given: Contact, account: User | None = None) -> Contact:
    """Return the contact in normal form, completed from the account.

    Raises Malformed for what is no address or number, ContactRequired for what the business needs and lacks.
    """
    contact = reachable_contact(business, given, account)
    missing = {
        field: ["This business needs it to reach you."]
        for field, required in (("email", business.requires_email), ("phone", business.requires_phone))
        if required and not getattr(contact, field)
    }
    if missing:
        raise ContactRequired(errors=missing)
    return contact


def reachable_contact(business: Business, given: Contact, account: User | None = None) -> Contact:
    """Return the contact in normal form with a name at least, as staff take it on the phone."""
    name = given.name.strip() or (account.name if account else "")
    if not name:
        raise ContactRequired(errors={"name": ["Say whom the booking is for."]})
    return Contact(
        name=name,
        email=account.email if account else _email(given.email),
        phone=_phone(business, given.phone or (account.phone if account else "")),
    )


def _email(value: str) -> str:
    email = normalized_email(value)
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise Malformed(errors={"email": ["This is not an email address."]}) from error
    return email


def _phone(business: Business, value: str) -> str:
    """Return E.164; a number without + is read as one of the business's country."""
    if not value.strip():
        return ""
    try:
        number = phonenumbers.parse(value, country_of_zone().get(business.timezone))
    except phonenumbers.NumberParseException as error:
        raise _bad_phone() from error
    # Possible by its length is enough. Tables of the numbers in use grow old, and would refuse a new prefix.
    if not phonenumbers.is_possible_number(number):
        raise _bad_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _bad_phone() -> Malformed:
    return Malformed(
        errors={"phone": ["This is not a phone number: write it with its country code, as +39 06 1234567."]}
    )


@cache
def country_of_zone() -> dict[str, str]:
    """Return the ISO 3166 country of each IANA zone, from the zone.tab that comes with tzdata."""
    # Not from zone1970.tab, which names several countries for one zone. Aliases such as Europe/Kiev are in neither.
    lines = files("tzdata.zoneinfo").joinpath("zone.tab").read_text().splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def checked_answers(business: Business, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers to the business's questions; raises AnswersInvalid naming each that is not as asked."""
    asked = {question["key"]: question for question in business.questions}
    problems = {f"answers.{key}": ["There is no such question."] for key in answers.keys() - asked.keys()}
    kept: dict[str, Any] = {}
    for key, question in asked.items():
        answer = answers.get(key)
        # Not answered: a field left out, a box not ticked, a text left empty.
        if answer is None or answer is False or answer == "":
            if question.get("required"):
                problems[f"answers.{key}"] = ["Please answer this."]
        elif problem := _answer_problem(question, answer):
            problems[f"answers.{key}"] = [problem]
        else:
            kept[key] = answer
    if problems:
        raise AnswersInvalid(errors=problems)
    return kept


def answers_as_asked(business: Business, answers: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return answers with their questions' labels, in the order of the questions.

    Answers whose question is gone come last, under their key.
    """
    # jsonb keeps no order of keys, so the questions give it.
    labels = {question["key"]: question["label"] for question in business.questions}
    keys = [*(key for key in labels if key in answers), *sorted(answers.keys() - labels.keys())]
    return [(labels.get(key, key), answers[key]) for key in keys]


def _answer_problem(question: dict[str, Any], answer: Any) -> str | None:
    match question["kind"]:
        case "checkbox":
            return None if answer is True else "Answer true or false."
        case "choice":
            return None if answer in question["choices"] else f"Choose one of: {', '.join(question['choices'])}."
        case _:
            fits = isinstance(answer, str) and len(answer) <= MAX_ANSWER and _can_be_stored(answer)
            return None if fits else f"Write at most {MAX_ANSWER} characters."


def _can_be_stored(text: str) -> bool:
    """Tell whether PostgreSQL can keep a text."""
    # It has no NUL, and UTF-8 has no half of a surrogate pair. JSON can spell both, as \u0000 and \ud800.
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)
