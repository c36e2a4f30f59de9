"""Reading a body as JSON: each name once, at most 200 in an object; nesting too deep to parse is refused."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# No request of ours has more than twenty; a limit for what is parsed before any serializer sees it.
MOST_NAMES = 200


class BoundedJSONParser(JSONParser):
    """Stricter than DRF's, which takes the last of two same names and lets thousands of brackets exhaust the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Raise ParseError for what is not JSON in UTF-8, is nested too deep, or names a thing twice."""
        try:
            return json.loads(stream.read().decode(), object_pairs_hook=_object, parse_constant=_no_number)
        except RecursionError as error:
            raise ParseError("This JSON is nested too deep.") from error
        except ValueError as error:
            raise ParseError(f"This is not valid JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two programs that choose differently among two same names are a way around a check that the first one makes.
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    if len(found) > MOST_NAMES:
        raise ValueError(f"an object has at most {MOST_NAMES} names")
    return found


# Called for NaN, Infinity and -Infinity: Python reads them, JSON does not have them.
def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number")
