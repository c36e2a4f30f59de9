"""The back office: Django's admin for the people who work in a business, each in their own.

Row security decides what they see, under the claims of the request. `businesses.permissions` decides what they are
offered. Times are shown and read in the business's zone.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_replace
from django.contrib.auth.views import PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, get_script_prefix, path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from businesses.backoffice.log_in_form import LoginForm, OwnPasswordForm, why_not_here
from businesses.events import record_log_out
from businesses.identity.known_browsers import remember
from businesses.identity.workplace_roles import businesses_of_current_user
from businesses.models import Business, User
from businesses.tenant_request import named_id
from rhivo import claims
from rhivo.web.throttling import limited

View = Callable[..., HttpResponseBase]

# What unfold needs beyond the installation's own policy, on admin pages alone: its colours come in a <style>, which
# carries a nonce. Nothing is inline otherwise, and nothing is evaluated.
POLICY = {"style-src": ["'self'", NONCE]}


def workplace(request: HttpRequest) -> Business:
    """Return the business in whose back office a request is, loaded once a request; only for people who work there."""
    known: Business | None = getattr(request, "workplace", None)
    if known is None:
        business_id = claims.current().business_id
        assert business_id is not None
        known = Business.objects.get(pk=business_id)
        request.workplace = known  # type: ignore[attr-defined]
    return known


def business_name(request: HttpRequest) -> str:
    """Return the name of the business for the header of every page."""
    # The page of the log-in has a header too, and nobody's claims.
    return workplace(request).name if claims.current().works_here else "Rhivo"


def public_page(request: HttpRequest) -> str:
    """Return where customers book, for the link "View site"."""
    # At the business's own address, or below `/b/…/`, the script prefix leads there already.
    if getattr(request, "business", None) is not None:
        return get_script_prefix()
    return f"/b/{workplace(request).subdomain}/" if claims.current().works_here else "/"


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """Return the links of the account menu."""
    # At a business's own address the address decides which it is, so there is nothing to switch.
    links = [{"title": "Change password", "link": reverse("admin:password_change")}]
    if getattr(request, "business", None) is None and len(businesses_of_current_user()) > 1:
        links.insert(0, {"title": "Switch business", "link": reverse("admin:switch_business")})
    return links


class BackOffice(UnfoldAdminSite):
    """Open to owners and staff with a confirmed email address, in the business of their claims."""

    login_form = LoginForm
    index_title = "Today"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        # Asked on every page, also of people who lost their last workplace while logged in.
        user = request.user
        return bool(user.is_active and user.is_staff and getattr(user, "email_verified_at", None))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        guarded = csp_replace(POLICY)(super().admin_view(view, cacheable))

        @wraps(view)
        def in_local_time(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            zone = workplace(request).zone if self.has_permission(request) else timezone.get_default_timezone()
            with timezone.override(zone):
                # The admin answers with TemplateResponses, which Django would render after this zone has ended.
                response = guarded(request, *args, **kwargs)
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return in_local_time

    def get_urls(self) -> list[URLPattern]:
        return [path("switch/", self.admin_view(self.switch_business), name="switch_business"), *super().get_urls()]

    @limited("login")
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if _forget_stale_choice(request):
            return HttpResponseRedirect(reverse("admin:index"))
        # sensitive_post_parameters keeps the password out of error reports.
        context = {"why_not_here": why_not_here(request)} | (extra_context or {})
        view: View = sensitive_post_parameters()(super().login)
        response = csp_replace(POLICY)(view)(request, context)  # type: ignore[call-arg]
        # This browser knows the password now: guesses elsewhere no longer lock it out.
        if request.method == "POST" and isinstance(request.user, User):
            return remember(response, request.user.email)
        return response

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        # Django answers a GET with 405, so nobody has logged out by it. Recorded first: afterwards nobody is logged in.
        if request.method == "POST":
            record_log_out()
        response: HttpResponseBase = super().logout(request, extra_context)
        return response

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Refuse unfold's search of everything."""
        # It caches what it found by person: who works in two businesses would see one of them in the other.
        raise Http404

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        request.current_app = self.name
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            template_name="registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)

    def switch_business(self, request: HttpRequest) -> HttpResponse:
        """Show where the person works; on POST go to another of these businesses, and to no other."""
        mine = businesses_of_current_user()
        if request.method == "POST":
            chosen = named_id(request.POST.get("business"))
            # The session is only a wish: the middleware asks for the role in that business on every request.
            if chosen not in [business_id for business_id, *_ in mine]:
                raise Http404
            request.session["business_id"] = str(chosen)
            return HttpResponseRedirect(reverse("admin:index"))
        context = {"title": "Switch business", "mine": mine, "here": workplace(request).id}
        return TemplateResponse(request, "admin/switch_business.html", self.each_context(request) | context)


def _forget_stale_choice(request: HttpRequest) -> bool:
    """Drop the choice of a business where the person no longer works; tell whether that let them in again."""
    # Without this a person who left one of two workplaces could not even switch to the other.
    at_an_address = getattr(request, "business", None) is not None
    if at_an_address or claims.current().works_here or "business_id" not in request.session:
        return False
    del request.session["business_id"]
    return request.user.is_authenticated and bool(businesses_of_current_user())
