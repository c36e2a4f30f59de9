"""Log in, log out, and the bookings of a customer's account at this business."""

from typing import Any

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import Appointment
from bookings.pages.forms import LogInForm
from bookings.pages.rendering import account_of, customers_page, page
from businesses.events import record_log_in, record_log_out, record_refused_log_in
from businesses.identity.known_browsers import account, remember
from businesses.models import User
from businesses.tenant_request import business_of
from rhivo import claims
from rhivo.clock import now
from rhivo.errors import EmailNotVerified
from rhivo.web.throttling import limited, throttle

PAST_SHOWN = 50  # a customer of many years has more than a page should hold


@limited("login")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def log_in(request: HttpRequest) -> HttpResponse:
    """Log in by email and password, then go on to the page that asked for it."""
    onward = _safe_next(request)
    if account_of(request):
        return HttpResponseRedirect(onward)
    form = LogInForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (user := _verified(request, form)):
        # `logged_in` writes history under the claims, so from here on they name the person.
        claims.assume(claims.current().with_(user_id=user.id))
        auth.login(request, user)
        record_log_in()
        return remember(HttpResponseRedirect(onward), user.email)
    status = 422 if form.is_bound else 200
    return render(request, "booking/log_in.html", {"form": form, "next": onward}, status=status)


def _verified(request: HttpRequest, form: LogInForm) -> User | None:
    """Return the account that logs in, or None, with the reason in the form; raises Throttled."""
    given: dict[str, Any] = form.cleaned_data
    # Before the password is hashed: a guess too many costs nothing.
    throttle(request, "account", who=account(given["email"], request))
    user = auth.authenticate(request, username=given["email"], password=given["password"])
    # One message for both, or it would say which accounts exist.
    if not isinstance(user, User):
        form.add_error(None, _("Email or password is wrong."))
        return None
    # Said only to people who know the password.
    if user.email_verified_at is None:
        record_refused_log_in(user.id, "email is not verified")
        form.add_error(None, EmailNotVerified().detail)
        return None
    return user


def _safe_next(request: HttpRequest) -> str:
    """Return the address to go on to: a path of this host, else the customer's bookings."""
    wanted = (request.POST or request.GET).get("next", "")
    # `//elsewhere` begins with a slash too: Django's check knows the spellings that browsers take for another host.
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else reverse("my_bookings")


@require_POST
@page
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out and show the front page. By POST alone: a link on another site must not log anybody out."""
    record_log_out()
    auth.logout(request)
    return redirect("home")


@require_safe
@customers_page
def my_bookings(request: HttpRequest) -> HttpResponse:
    """List the customer's bookings here: those to come, then the latest others."""
    at = now()
    mine = Appointment.objects.select_related("staff").filter(
        business_id=business_of(request).id, customer=account_of(request)
    )
    upcoming = mine.upcoming(at)
    others = mine.exclude(pk__in=upcoming.values("pk")).order_by("-starts_at")[:PAST_SHOWN]
    return render(request, "booking/my_bookings.html", {"upcoming": upcoming, "others": others})
