"""The page for when the database is away or too busy. It asks the database nothing."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from rhivo.errors import OutcomeUnknown, RhivoError

RETRY_AFTER = 5


def busy_page(request: HttpRequest, why: RhivoError) -> HttpResponse:
    """Return 503 with Retry-After in seconds. The page says so if it is unknown whether something was saved."""
    # Without the request: the context processors would ask the database again.
    context = {"in_doubt": isinstance(why, OutcomeUnknown)}
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
