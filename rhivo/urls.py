"""Addresses of the installation: directory, API, back office, health. A business's own are `rhivo.business_urls`."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from rhivo.api.schema import SchemaView
from rhivo.web import health

handler404 = "rhivo.web.error_pages.not_found"
handler500 = "rhivo.web.error_pages.server_error"
handler403 = "rhivo.web.error_pages.forbidden"
handler400 = "rhivo.web.error_pages.bad_request"

api: list[URLPattern | URLResolver] = [
    path("", include("businesses.api.urls")),
    path("", include("bookings.api.urls")),
    re_path(r"^schema/?$", SchemaView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api)),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("", include("businesses.urls")),  # the last: rhivo.business_urls leaves it out
]
