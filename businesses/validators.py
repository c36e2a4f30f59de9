"""What the texts and numbers of a business must look like; each refusal names the cure.

One set of rules for forms, the tenant file and the API: model fields carry these validators.
"""

import re
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

# Both are used with fullmatch: `$` would let a line break at the end pass. A label of DNS has at most 63 characters.
SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Names of the installation's own services, now or later, and names that would make a phishing page look official.
RESERVED_SUBDOMAINS = frozenset(
    [
        "admin",
        "api",
        "app",
        "assets",
        "auth",
        "b",
        "billing",
        "blog",
        "cdn",
        "dashboard",
        "demo",
        "docs",
        "ftp",
        "help",
        "imap",
        "localhost",
        "login",
        "mail",
        "media",
        "metrics",
        "ns1",
        "ns2",
        "pop",
        "root",
        "signup",
        "smtp",
        "static",
        "status",
        "support",
        "test",
        "webmail",
        "www",
    ]
)
RESERVED_SLUGS = frozenset({"anyone"})  # stands where a person's slug stands, for a booking with whoever is free
QUESTION_KINDS = ("text", "choice", "checkbox")
QUESTION_KEYS = {"key", "label", "kind", "required", "choices"}
MAX_QUESTIONS = 20


def validate_subdomain(value: str) -> None:
    """Refuse what is no DNS label of 3 to 63 characters, and what the installation keeps for itself."""
    if not SUBDOMAIN.fullmatch(value):
        raise ValidationError("Use 3 to 63 of a-z, 0-9 and -, with no hyphen at an end.")
    if value in RESERVED_SUBDOMAINS:
        raise ValidationError(f"“{value}” is reserved: choose another subdomain.")


def validate_slug(value: str) -> None:
    """Refuse what would have to be escaped in an address."""
    if not SLUG.fullmatch(value):
        raise ValidationError("Use 1 to 63 of a-z, 0-9 and -, with no hyphen at an end.")
    if value in RESERVED_SLUGS:
        raise ValidationError(f"“{value}” has a meaning of its own in addresses: choose another.")


def validate_zone(value: str) -> None:
    """Refuse what is no IANA time zone."""
    if value not in available_timezones():
        raise ValidationError(f"“{value}” is not an IANA time zone: write one such as Europe/Rome.")


def validate_currency(value: str) -> None:
    """Refuse what does not look like an ISO 4217 code."""
    # By its form alone: the list changes, and CLDR writes an unknown code as it is, with two decimals.
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValidationError("Use a three-letter ISO 4217 code such as EUR.")


def validate_grain(value: int) -> None:
    """Refuse minutes off the 5-minute grain."""
    if value % 5:
        raise ValidationError("Use a multiple of 5 minutes.")


def validate_questions(value: Any) -> None:
    """Refuse a list of questions that the booking form could not ask; complaints begin with `questions[0].key: `."""
    # The column is jsonb, which may hold any value: each type is looked at before it is used.
    if not isinstance(value, list):
        raise ValidationError("Give a list of questions.")
    if len(value) > MAX_QUESTIONS:
        raise ValidationError(f"Ask at most {MAX_QUESTIONS} questions.")
    problems = [problem for index, question in enumerate(value) for problem in _problems(index, question)]
    keys = [question.get("key") for question in value if isinstance(question, dict)]
    # As texts, because a key may be of any type here, also one that cannot be hashed. Answers are stored by these keys.
    if len(set(map(str, keys))) < len(keys):
        problems.append("Give every question a key of its own.")
    if problems:
        raise ValidationError(problems)


def _problems(index: int, question: Any) -> list[str]:
    at = f"questions[{index}]"
    if not isinstance(question, dict):
        return [f"{at}: give a mapping with key, label and kind."]
    problems = [f"{at}.{key}: unknown key." for key in sorted(map(str, set(question) - QUESTION_KEYS))]
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", str(question.get("key", ""))):
        problems.append(f"{at}.key: use up to 40 of a-z, 0-9 and _, starting with a letter.")
    if not isinstance(question.get("label"), str) or not 1 <= len(question["label"].strip()) <= 200:
        problems.append(f"{at}.label: write 1 to 200 characters.")
    if question.get("kind") not in QUESTION_KINDS:
        problems.append(f"{at}.kind: use one of {', '.join(QUESTION_KINDS)}.")
    if not isinstance(question.get("required", False), bool):
        problems.append(f"{at}.required: use true or false.")
    return problems + _choice_problems(at, question)


def _choice_problems(at: str, question: dict[str, Any]) -> list[str]:
    choices = question.get("choices")
    if question.get("kind") != "choice":
        return [f"{at}.choices: only a question of kind choice has choices."] if choices else []
    if (
        not isinstance(choices, list)
        or not 2 <= len(choices) <= 50
        or not all(isinstance(choice, str) and 1 <= len(choice) <= 100 for choice in choices)
        or len(set(choices)) < len(choices)
    ):
        return [f"{at}.choices: list 2 to 50 different texts of at most 100 characters."]
    return []
