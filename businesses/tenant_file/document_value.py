"""A value of the document together with its path, so that a complaint always says where."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Field, IntegerField, JSONField, Model

from businesses.tenant_file.problems import Problems, child_path

MULTILINE = frozenset({"description"})


class Place:
    """One value and where it stands; reading something from it that it is not adds a complaint and gives nothing."""

    def __init__(self, value: Any, path: str, problems: Problems) -> None:
        self.value, self.path, self.problems = value, path, problems

    def refuse(self, *complaints: str) -> None:
        for complaint in complaints:
            self.problems.add(self.path, complaint)

    def child(self, key: str) -> "Place":
        """Return the place of a key, for a complaint about it; its value is None where it is missing."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Place(value, child_path(self.path, key), self.problems)

    def mapping(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, "Place"]:
        """Return the places of the known keys that are given; unknown and missing ones are refused."""
        if not isinstance(self.value, dict):
            self.refuse(f"Give a mapping with {_listed(known)}.")
            return {}
        for key in self.value:
            if key not in known:
                self.child(key).refuse(f"Unknown key: use {_listed(known)}.")
        for key in required:
            if key not in self.value:
                self.child(key).refuse("This is required.")
        return {key: self.child(key) for key in self.value if key in known}

    def items(self, *, most: int) -> list["Place"]:
        """Return the places of a list's items."""
        if not isinstance(self.value, list):
            self.refuse("Give a list, [] for none.")
            return []
        if len(self.value) > most:
            self.refuse(f"Give at most {most}.")
            return []
        return [Place(item, f"{self.path}[{index}]", self.problems) for index, item in enumerate(self.value)]


def fields_of(places: Mapping[str, Place], model: type[Model], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the given keys by model field, each checked by that field's own validators."""
    found: dict[str, Any] = {}
    for key, name in keys.items():
        if key not in places:
            continue
        try:
            found[name] = _cleaned(model._meta.get_field(name), places[key].value)
        except ValidationError as error:
            _refuse(places[key], error.messages)
    return found


def _cleaned(field: Any, value: Any) -> Any:
    """Return a value as the field stores it; no value is converted from another type."""
    if value is None and field.null:
        return None
    if complaint := _wrong_type(field, value):
        raise ValidationError(complaint)
    if isinstance(value, str):
        value = value.strip()
    if field.choices and value not in dict(field.flatchoices):
        raise ValidationError(f"Use one of {', '.join(map(str, dict(field.flatchoices)))}.")
    return field.clean(value, None)


def _wrong_type(field: "Field[Any, Any]", value: Any) -> str | None:
    if isinstance(field, JSONField):
        return None if isinstance(value, list) else "Give a list, [] for none."
    if isinstance(field, BooleanField):
        return None if isinstance(value, bool) else "Write true or false."
    if isinstance(field, IntegerField):
        return None if isinstance(value, int) and not isinstance(value, bool) else "Write a whole number."
    if not isinstance(value, str):
        return "Write a text, in quotes if it looks like a number, true, false or null."
    if "\n" in value.strip() and field.name not in MULTILINE:
        return "Write it on one line."
    return None


def _refuse(place: Place, complaints: list[str]) -> None:
    """Refuse a value; a complaint that begins with a path inside it, as validators of lists give, keeps that path."""
    name = place.path.rpartition(".")[2]
    for complaint in complaints:
        inner, colon, text = complaint.partition(": ")
        if colon and inner.startswith(f"{name}["):
            place.problems.add(place.path.removesuffix(name) + inner, text)
        else:
            place.refuse(complaint)


def _listed(keys: Collection[str]) -> str:
    return ", ".join(keys)


def shown(value: Any) -> str:
    """Return a value as a complaint quotes it, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
