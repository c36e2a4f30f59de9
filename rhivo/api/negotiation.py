"""The API speaks JSON, whatever a client's Accept header asks for.

DRF's own negotiation answers 406 to a client that accepts other types alone.
"""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONOnly(BaseContentNegotiation):
    """Take the first renderer and the parser of the content type."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        # Parameters do not matter: JSON is UTF-8, whatever `charset` says (RFC 8259, 8.1).
        content_type = (request.content_type or "application/json").partition(";")[0]
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type
