"""A value of the document together with its path, so that each complaint says where.

Values are checked by the validators of the model fields they are for, so that a file and a form refuse the same.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Field, IntegerField, JSONField, Model

from businesses.tenant_file.problems import Problems, child_path

# Model fields that may have line breaks. Any other text becomes a heading, a cell or the subject of a mail.
MULTILINE = frozenset({"description"})
# Items of one list: more than any business has, and few enough that a whole file is one short transaction.
MOST = 500


class Node:
    """One value and its path. A method that finds another type than it reads adds a complaint and returns nothing."""

    def __init__(self, value: Any, path: str, problems: Problems) -> None:
        self.value, self.path, self.problems = value, path, problems

    def refuse(self, *complaints: str) -> None:
        for complaint in complaints:
            self.problems.add(self.path, complaint)

    def child(self, key: str) -> "Node":
        """Return the node of a key, for a complaint about it; its value is None where it is missing."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(value, child_path(self.path, key), self.problems)

    def mapping(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, "Node"]:
        """Return the nodes of the known keys that are given; unknown and missing ones are refused."""
        if not isinstance(self.value, dict):
            self.refuse(f"Give a mapping with {_listed(known)}.")
            return {}
        for key in self.value:
            # An unknown key is refused, not passed over: a misspelt one would silently leave a setting as it was.
            if key not in known:
                self.child(key).refuse(f"Unknown key: use {_listed(known)}.")
        for key in required:
            if key not in self.value:
                self.child(key).refuse("This is required.")
        return {key: self.child(key) for key in self.value if key in known}

    def items(self, *, most: int) -> list["Node"]:
        """Return the nodes of a list's items."""
        if not isinstance(self.value, list):
            self.refuse("Give a list, [] for none.")
            return []
        if len(self.value) > most:
            # Not the first ones either: a complaint about each of ten thousand items helps nobody.
            self.refuse(f"Give at most {most}.")
            return []
        return [Node(item, f"{self.path}[{index}]", self.problems) for index, item in enumerate(self.value)]


def fields_of(nodes: Mapping[str, Node], model: type[Model], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the given keys by model field, each checked by that field's own validators."""
    found: dict[str, Any] = {}
    for key, name in keys.items():
        if key not in nodes:
            continue
        try:
            found[name] = _cleaned(model._meta.get_field(name), nodes[key].value)
        except ValidationError as error:
            _refuse(nodes[key], error.messages)
    return found


def named_once(item: Node, key: str, name: str | None, said: dict[str, str]) -> str:
    """Return the slug or name of an item, '' where it has no valid one; refuse one that another path has already."""
    if name is None:
        return ""
    if name in said:
        item.child(key).refuse(f"“{name}” is already at {said[name]}.")
    said.setdefault(name, item.path)
    return name


def require_when_new(item: Node, nodes: Mapping[str, Node], keys: Iterable[str], *, known: bool) -> None:
    """Refuse an item that the database does not know yet and that lacks one of these keys."""
    # An item that is no mapping has its complaint already.
    if known or not isinstance(item.value, dict):
        return
    for key in keys:
        if key not in nodes:
            item.child(key).refuse("This is required.")


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


# Django's fields convert: IntegerField takes "5" and 5.9, BooleanField takes "f" and 0. A file says what it means.
def _wrong_type(field: "Field[Any, Any]", value: Any) -> str | None:
    if isinstance(field, JSONField):
        return None if isinstance(value, list) else "Give a list, [] for none."
    if isinstance(field, BooleanField):
        return None if isinstance(value, bool) else "Write true or false."
    if isinstance(field, IntegerField):
        # For Python a bool is an int: `duration_minutes: true` would be one minute.
        return None if isinstance(value, int) and not isinstance(value, bool) else "Write a whole number."
    if not isinstance(value, str):
        return "Write a text, in quotes if it looks like a number, true, false or null."
    if "\n" in value.strip() and field.name not in MULTILINE:
        return "Write it on one line."
    return None


def _refuse(node: Node, complaints: list[str]) -> None:
    """Refuse a value; a complaint that begins with a path inside the value keeps that path."""
    # `validate_questions` sees the list alone and writes "questions[2].key: ..."; here it becomes the path in the file.
    name = node.path.rpartition(".")[2]
    for complaint in complaints:
        inner, colon, text = complaint.partition(": ")
        if colon and inner.startswith(f"{name}["):
            node.problems.add(node.path.removesuffix(name) + inner, text)
        else:
            node.refuse(complaint)


def _listed(keys: Collection[str]) -> str:
    return ", ".join(keys)


def shown(value: Any) -> str:
    """Return a value as a complaint quotes it, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
