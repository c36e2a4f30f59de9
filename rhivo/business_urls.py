"""Addresses under a business: at its subdomain or below `/b/{subdomain}/`, the same either way."""

from django.urls import include, path

from rhivo.urls import handler400, handler403, handler404, handler500
from rhivo.urls import urlpatterns as installation

__all__ = ["handler400", "handler403", "handler404", "handler500"]

# Without the last: the directory of businesses and the invitations belong to the installation.
urlpatterns = [path("", include("bookings.pages.urls")), *installation[:-1]]
