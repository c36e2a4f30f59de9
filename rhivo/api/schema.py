"""What every endpoint may answer besides its own: problems, in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from rhivo.api.serializers import ProblemSerializer

_MEDIA = "application/problem+json"


def problems(*statuses: int) -> dict[Any, Any]:
    """Return response entries for problems with these statuses."""
    return {(status, _MEDIA): OpenApiResponse(ProblemSerializer) for status in statuses}


UNREAD = (411, 413, 414)
PROBLEMS = problems(400, 401, 403, 404, *UNREAD, 429, 503)
WRITE_PROBLEMS = problems(400, 401, 403, 404, 409, 410, *UNREAD, 422, 429, 503)
CHANGE_PROBLEMS = problems(400, 401, 403, 404, 409, *UNREAD, 412, 422, 428, 429, 503)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 128 printable characters"
)
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description='The ETag, as "3"')
