"""The one place that knows HTTP statuses: domain errors become RFC 9457 problems."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions as drf

from rhivo import errors
from rhivo.db.constraints import domain_error

# The first that fits counts, so a class stands before its parent: TooLarge before Malformed.
STATUS: list[tuple[type[errors.RhivoError], int]] = [
    (errors.LengthRequired, 411),
    (errors.TooLarge, 413),
    (errors.TooLong, 414),
    (errors.Malformed, 400),
    (errors.NotAuthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.VersionConflict, 412),
    (errors.Invalid, 422),
    (errors.VersionRequired, 428),
    (errors.Throttled, 429),
    (errors.Unavailable, 503),
]
TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    411: "Length required",
    412: "Version conflict",
    413: "Too large",
    414: "Address too long",
    415: "Unsupported media type",
    422: "Refused by a rule",
    428: "Version required",
    429: "Too many requests",
    500: "Internal error",
    503: "Busy",
}


def status_of(error: errors.RhivoError) -> int:
    """Return the HTTP status of a domain error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def problem(error: errors.RhivoError, *, status: int | None = None) -> HttpResponse:
    """Return a domain error as `application/problem+json`; the request's transaction is rolled back with it."""
    status = status or status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:rhivo:problem:{error.code.lower().replace('_', '-')}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.errors:
        body["errors"] = error.errors
    # A header, not a member of the body. A 503 always has one: five seconds where nobody knows better.
    extra = dict(error.extra)
    retry_after = extra.pop("retry_after", 5 if status == 503 else None)
    body |= {key: _plain(value) for key, value in extra.items()}
    # Not DRF's Response: the middleware answers with this too, where no view has chosen a renderer.
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    # RFC 9110, 11.6.1: a 401 names the scheme to log in by.
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="rhivo"'
    return response


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [_plain(item) for item in value] if isinstance(value, list) else value


def problem_response(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer for what a view raised; None for a bug, which the server logs and answers with 500."""
    # DRF's own handler would put its exceptions into bodies of another shape, without a code.
    match error:
        case errors.RhivoError():
            return problem(error)
        case drf.ValidationError():
            return problem(errors.Malformed(errors=flat_errors(error.detail)))
        case drf.ParseError():
            return problem(errors.Malformed(str(error.detail)))
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return problem(errors.NotAuthenticated())
        case drf.PermissionDenied() | PermissionDenied():
            return problem(errors.Forbidden())
        case drf.NotFound() | Http404():
            return problem(errors.NotFound())
        case drf.APIException():
            return problem(errors.Malformed(str(error.detail)), status=error.status_code)
        case DatabaseError():
            known = domain_error(error)
            return problem(known) if known else None
    return None


def flat_errors(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return nested complaints by dotted path; what concerns no field goes under `non_field_errors`."""
    if isinstance(detail, dict):
        nested = [flat_errors(value, f"{path}.{key}" if path else str(key)) for key, value in detail.items()]
        return {key: texts for found in nested for key, texts in found.items()}
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        # Of a list of objects DRF keeps an entry each, empty where nothing is wrong.
        nested = [flat_errors(value, f"{path}[{index}]") for index, value in enumerate(detail) if value]
        return {key: texts for found in nested for key, texts in found.items()}
    texts = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {path or "non_field_errors": texts}


def server_error(request: Any, *args: Any) -> HttpResponse:
    """Answer for a bug on an API path: a problem without a trace of what happened."""
    return problem(errors.RhivoError("Something went wrong on our side; it has been logged."), status=500)
