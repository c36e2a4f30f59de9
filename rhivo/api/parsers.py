"""Reading a body as JSON, within the size and depth that any request of ours needs."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is larger than any request needs."


class BoundedJSONParser(JSONParser):
    """DRF's, which reads a body of any size and lets one of thousands of brackets exhaust the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Raise TooLarge beyond DATA_UPLOAD_MAX_MEMORY_SIZE, ParseError for what is no JSON or nested too deep."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge()
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("This JSON is nested too deep.") from error
