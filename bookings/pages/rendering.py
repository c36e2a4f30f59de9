"""What every booking page shares: its business's zone, claims no greater than a customer's, and refusals as pages."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from businesses.models import User
from businesses.tenant_request import business_of
from rhivo import claims
from rhivo.api.errors import status_of
from rhivo.db.constraints import domain_error
from rhivo.errors import NotFound, RhivoError, Throttled, Unavailable
from rhivo.web.busy_page import busy_page

View = Callable[..., HttpResponse]
Text = str | Promise

# The heading of a refusal by its code; and its text, where the error's own is written for programs.
TITLES: dict[str, Text] = {
    "DEADLINE_PASSED": _("It is too late to change this online"),
    "LIMIT_REACHED": _("That is as many bookings as one customer may have"),
    "THROTTLED": _("One moment, please"),
    "VERSION_CONFLICT": _("This booking has changed meanwhile"),
    "SERVICE_UNAVAILABLE": _("This cannot be booked at present"),
    "MALFORMED": _("We could not read that"),
}
WORDS: dict[str, Text] = {
    "VERSION_CONFLICT": _("Look at it as it is now, then decide again."),
    "IDEMPOTENCY_MISMATCH": _("This page was used for something else before: open it again and choose once more."),
    "MALFORMED": _("The page may have been open for too long: go back, reload it and try again."),
}


def page(view: View) -> View:
    """Make a view a booking page: times in the business's zone, never cached, domain errors as pages."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        # On these pages everybody is a customer. An owner who books here must meet the limits and deadlines that
        # customers meet; going against them belongs to the back office, where it is recorded.
        if claims.current().works_here:
            claims.assume(claims.current().with_(role="customer"))
        with timezone.override(business_of(request).zone):
            # Views render before they return. A TemplateResponse would be rendered outside of this zone.
            try:
                response = view(request, *args, **kwargs)
            except RhivoError as error:
                response = refusal(request, error)
            except DatabaseError as error:
                known = domain_error(error)
                # A bug of ours: it must reach the error reports as it is.
                if known is None:
                    raise
                response = refusal(request, known)
        add_never_cache_headers(response)
        return response

    return shown


def customers_page(view: View) -> View:
    """Make a view a page for people who are logged in; others log in first and come back."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if account_of(request) is None:
            return redirect_to_login(request.get_full_path(), resolve_url("login"))
        return view(request, *args, **kwargs)

    return page(shown)


def account_of(request: HttpRequest) -> User | None:
    """Return the account that is logged in, None for a guest."""
    return request.user if isinstance(request.user, User) else None


def refusal(
    request: HttpRequest, error: RhivoError, *, back: str | None = None, back_label: Text | None = None
) -> HttpResponse:
    """Return a refusal as a page that says what to do, with a link to go on; raises Http404 for NotFound."""
    # The page of an address that leads nowhere: nothing says whether the thing exists for somebody else.
    if isinstance(error, NotFound):
        raise Http404 from error
    if isinstance(error, Unavailable):
        return busy_page(request, error)
    context = {
        "title": TITLES.get("THROTTLED" if isinstance(error, Throttled) else error.code, _("That did not work")),
        "words": WORDS.get(error.code, error.detail),
        "call": error.code in ("DEADLINE_PASSED", "LIMIT_REACHED"),
        "back": back,
        "back_label": back_label,
    }
    response = render(request, "booking/booking_refused.html", context, status=status_of(error))
    if "retry_after" in error.extra:
        response["Retry-After"] = str(error.extra["retry_after"])
    return response
