"""The customers' pages of one business, relative to its subdomain or to `/b/{subdomain}/`."""

from collections.abc import Callable

from django.urls import URLPattern, include, path

from bookings.pages import choose_time, customer_account, front_page, held_time, manage_booking
from bookings.pages.rendering import View


def managed(way: str, reached: Callable[[View], View]) -> list[URLPattern]:
    """Return the pages of one booking, for one way of reaching it."""
    # Mails lead to `manage/<token>/` and pages of these to the paths below it, until 30 days after the visit: a path
    # that changes breaks what was sent.
    return [
        path("", reached(manage_booking.booking), name=f"{way}_booking"),
        path("reschedule/", reached(manage_booking.reschedule), name=f"{way}_reschedule"),
        path("cancel/", reached(manage_booking.cancel), name=f"{way}_cancel"),
        path("calendar.ics", reached(manage_booking.calendar), name=f"{way}_calendar"),
    ]


urlpatterns = [
    path("", front_page.home, name="home"),
    path("theme.css", front_page.theme, name="theme"),
    path("book/<slug:service>/", choose_time.choose_staff, name="choose_staff"),
    path("book/<slug:service>/<slug:staff>/", choose_time.choose_time, name="choose_time"),
    path("hold/<uuid:reservation_id>/", held_time.hold, name="hold"),
    path("hold/<uuid:reservation_id>/release/", held_time.release, name="release"),
    path("manage/<str:token>/", include(managed("guest", manage_booking.by_link))),
    path("my/", customer_account.my_bookings, name="my_bookings"),
    path("my/<uuid:appointment_id>/", include(managed("my", manage_booking.signed_in))),
    path("log-in/", customer_account.log_in, name="login"),
    path("log-out/", customer_account.log_out, name="logout"),
]
