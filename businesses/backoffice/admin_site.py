"""The back office: Django's admin for the people who work in a business, each in their own.

What they see is decided by row-level security under the claims of the request, what they are offered by
`businesses.permissions`. Times are shown and read in the business's zone.
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
    """Return the business in whose back office a request is, loaded once; only for people at work there."""
    known: Business | None = getattr(request, "workplace", None)
    if known is None:
        business_id = claims.current().business_id
        assert business_id is not None
        known = Business.objects.get(pk=business_id)
        request.workplace = known  # type: ignore[attr-defined]
    return known


def business_name(request: HttpRequest) -> str:
    """Return what the header of every page says: whose back office this is."""
    return workplace(request).name if claims.current().works_here else "Rhivo"


def public_page(request: HttpRequest) -> str:
    """Return where customers book, for the link "View site": at the address in use, else below the installation's."""
    if getattr(request, "business", None) is not None:
        return get_script_prefix()
    return f"/b/{workplace(request).subdomain}/" if claims.current().works_here else "/"


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """Return the links of the account menu; at a business's own address there is no switching to another."""
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
        user = request.user
        return bool(user.is_active and user.is_staff and getattr(user, "email_verified_at", None))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        guarded = csp_replace(POLICY)(super().admin_view(view, cacheable))

        @wraps(view)
        def in_local_time(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            zone = workplace(request).zone if self.has_permission(request) else timezone.get_default_timezone()
            with timezone.override(zone):
                response = guarded(request, *args, **kwargs)
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return in_local_time

    def get_urls(self) -> list[URLPattern]:
        return [path("switch/", self.admin_view(self.switch_business), name="switch_business"), *super().get_urls()]

    @limited("login")
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if _forget_stale_choice(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {"why_not_here": why_not_here(request)} | (extra_context or {})
        view: View = sensitive_post_parameters()(super().login)
        response = csp_replace(POLICY)(view)(request, context)  # type: ignore[call-arg]
        if request.method == "POST" and isinstance(request.user, User):
            return remember(response, request.user.email)
        return response

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if request.method == "POST":
            record_log_out()
        response: HttpResponseBase = super().logout(request, extra_context)
        return response

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Refuse unfold's search of everything: it caches what it found by person, across businesses."""
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
            if chosen not in [business_id for business_id, *_ in mine]:
                raise Http404
            request.session["business_id"] = str(chosen)
            return HttpResponseRedirect(reverse("admin:index"))
        context = {"title": "Switch business", "mine": mine, "here": workplace(request).id}
        return TemplateResponse(request, "admin/switch_business.html", self.each_context(request) | context)


def _forget_stale_choice(request: HttpRequest) -> bool:
    """Drop a choice of business where the person works no more, if that alone keeps them out."""
    at_an_address = getattr(request, "business", None) is not None
    if at_an_address or claims.current().works_here or "business_id" not in request.session:
        return False
    del request.session["business_id"]
    return request.user.is_authenticated and bool(businesses_of_current_user())
