"""Pages by cursor: stable while rows come and go, also among rows that begin at the same moment."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from rhivo.errors import Malformed

PAGE_SIZE, MAX_PAGE_SIZE = 50, 100


class Page(NamedTuple):
    next: str | None
    previous: str | None
    results: list[Any]


# Shows a `Page`; a subclass says with `results` what the rows are. No docstring: the OpenAPI document would quote it.
class PageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CursorPages:
    """At most 100 rows a page, 50 unless asked. The ordering ends in the unique id, and a cursor names all of it.

    DRF's own cursor knows the first field only and counts from there: rows that share it shift under the reader.
    """

    def __init__(self, *ordering: str) -> None:
        self.ordering = ordering

    def page(self, queryset: QuerySet[Any], request: Request) -> Page:
        """Return the page that the query's cursor asks for; raises Malformed for a cursor that is none."""
        size = _page_size(request)
        backwards, values = self._read(request.query_params.get("cursor"), queryset.model)
        names = [_turned(name) for name in self.ordering] if backwards else list(self.ordering)
        rows = queryset.order_by(*names)
        if values:
            rows = rows.filter(_beyond(names, values))
        # One row more than is shown: it tells that there is another page, without a COUNT.
        found = list(rows[: size + 1])
        more, shown = len(found) > size, found[:size]
        if backwards:
            shown.reverse()
        first = shown[0] if shown and (more if backwards else values) else None
        last = shown[-1] if shown and (backwards or more) else None
        url = request.build_absolute_uri()
        return Page(self._link(url, last, backwards=False), self._link(url, first, backwards=True), shown)

    def _read(self, cursor: str | None, model: type[Model]) -> tuple[bool, list[Any]]:
        if not cursor:
            return False, []
        try:
            backwards, *texts = json.loads(urlsafe_b64decode(cursor.encode()))
            fields: list[Any] = [model._meta.get_field(name.lstrip("-")) for name in self.ordering]
            values = [field.to_python(_plain(text)) for field, text in zip(fields, texts, strict=True)]
        # RecursionError: a cursor of thousands of brackets.
        except (ValueError, TypeError, RecursionError, ValidationError) as error:
            raise Malformed(errors={"cursor": ["Take the cursor from `next` or `previous`."]}) from error
        return bool(backwards), values

    def _link(self, url: str, row: Any, *, backwards: bool) -> str | None:
        if row is None:
            return None
        values = [str(getattr(row, name.lstrip("-"))) for name in self.ordering]
        cursor = urlsafe_b64encode(json.dumps([backwards, *values]).encode()).decode()
        return replace_query_param(url, "cursor", cursor)


def _page_size(request: Request) -> int:
    asked = request.query_params.get("page_size", "")
    return min(int(asked), MAX_PAGE_SIZE) if asked.isdecimal() and int(asked) > 0 else PAGE_SIZE


def _plain(text: Any) -> str:
    """Return text that a database can be asked with; raises ValueError."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError("not a value of a cursor")
    # Half a surrogate pair is a str in Python and cannot be sent; this raises UnicodeEncodeError, a ValueError.
    text.encode()
    return text


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(names: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows after the one with these values, field by field in the order of `names`."""
    beyond, same = Q(), Q()
    for name, value in zip(names, values, strict=True):
        field, verb = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        beyond |= same & Q(**{f"{field}__{verb}": value})
        same &= Q(**{field: value})
    # The rest implies this; it is there for PostgreSQL, which starts its index scan at it and cannot at an OR.
    first, verb = names[0].lstrip("-"), "lte" if names[0].startswith("-") else "gte"
    return Q(**{f"{first}__{verb}": values[0]}) & beyond
