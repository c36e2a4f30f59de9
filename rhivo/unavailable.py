"""The page for when the database is away: needs neither database nor templates' context."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER = 5


def busy_page(request: HttpRequest) -> HttpResponse:
    """Return 503 with Retry-After in seconds, as a page of its own."""
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
