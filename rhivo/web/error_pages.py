"""Django's error handlers: a page for people, problem+json for clients of the API."""

import sys

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from rhivo.api.errors import problem, status_of
from rhivo.api.errors import server_error as api_server_error
from rhivo.db.constraints import domain_error
from rhivo.errors import Forbidden, Malformed, NotFound, OutcomeUnknown, RhivoError, Throttled
from rhivo.web.busy_page import busy_page

API_PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Whether a request is to the API, which nobody reaches below `/b/{subdomain}/`."""
    return request.path.startswith(API_PREFIX)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(NotFound()) if is_api(request) else render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(Forbidden()) if is_api(request) else render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refused(request, Malformed())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nothing else caught; 503 if the database was away, else 500."""
    error = sys.exc_info()[1]
    # Such as a session that could not be saved. Whether the request's own transaction had been committed by then is
    # unknown here, so the answer must not say "nothing was changed".
    if isinstance(error, DatabaseError) and domain_error(error) is not None:
        return problem(OutcomeUnknown()) if is_api(request) else busy_page(request, OutcomeUnknown())
    return api_server_error(request) if is_api(request) else HttpResponse(render_to_string("500.html"), status=500)


def refused(request: HttpRequest, refusal: RhivoError) -> HttpResponse:
    """Return a refusal of a request whose business and person are not known yet."""
    if is_api(request):
        return problem(refusal)
    status, words = status_of(refusal), refusal.detail
    if isinstance(refusal, Throttled):
        seconds = refusal.extra["retry_after"]
        words = ngettext(
            "Too many attempts from where you are: wait %(seconds)s second.",
            "Too many attempts from where you are: wait %(seconds)s seconds.",
            seconds,
        ) % {"seconds": seconds}
    # Without the request, hence without the context processors: those read the user and the business.
    response = HttpResponse(render_to_string("refused.html", {"status": status, "words": words}), status=status)
    if isinstance(refusal, Throttled):
        response["Retry-After"] = str(refusal.extra["retry_after"])
    return response
