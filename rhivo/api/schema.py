"""The OpenAPI document, and what every endpoint may answer besides its own: problems."""

import threading
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from rhivo.api.serializers import ProblemSerializer

_MEDIA = "application/problem+json"
_one_at_a_time = threading.Lock()


class SchemaView(SpectacularJSONAPIView):
    """The document, made by one thread at a time: drf-spectacular loads its extensions while it makes the first."""

    def _get_schema_response(self, request: Request) -> Response:
        with _one_at_a_time:
            response: Response = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
            return response


def problems(*statuses: int) -> dict[Any, Any]:
    """Return response entries for problems with these statuses."""
    # drf-spectacular takes a pair of status and media type; a status alone would promise `application/json`.
    return {(status, _MEDIA): OpenApiResponse(ProblemSerializer) for status in statuses}


# What is refused before any view: no Content-Length, a body too large, an address too long.
UNREAD = (411, 413, 414)
PROBLEMS = problems(400, 401, 403, 404, *UNREAD, 429, 503)
WRITE_PROBLEMS = problems(400, 401, 403, 404, 409, 410, *UNREAD, 422, 429, 503)
CHANGE_PROBLEMS = problems(400, 401, 403, 404, 409, *UNREAD, 412, 422, 428, 429, 503)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 128 printable characters"
)
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description='The ETag, as "3"')
