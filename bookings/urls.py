"""The customers' pages of one business, relative to its subdomain or to `/b/{subdomain}/`."""

from collections.abc import Callable

from django.urls import URLPattern, include, path

from bookings.views import choosing, holding, home, managing, signing_in
from bookings.views.pages import View


def managed(way: str, reached: Callable[[View], View]) -> list[URLPattern]:
    """Return the pages of one booking, for one way of reaching it."""
    return [
        path("", reached(managing.booking), name=f"{way}_booking"),
        path("reschedule/", reached(managing.reschedule), name=f"{way}_reschedule"),
        path("cancel/", reached(managing.cancel), name=f"{way}_cancel"),
        path("calendar.ics", reached(managing.calendar), name=f"{way}_calendar"),
    ]


urlpatterns = [
    path("", home.home, name="home"),
    path("theme.css", home.theme, name="theme"),
    path("book/<slug:service>/", choosing.choose_staff, name="choose_staff"),
    path("book/<slug:service>/<slug:staff>/", choosing.choose_time, name="choose_time"),
    path("hold/<uuid:reservation_id>/", holding.hold, name="hold"),
    path("hold/<uuid:reservation_id>/release/", holding.release, name="release"),
    path("manage/<str:token>/", include(managed("guest", managing.by_link))),
    path("my/", signing_in.my_bookings, name="my_bookings"),
    path("my/<uuid:appointment_id>/", include(managed("my", managing.signed_in))),
    path("log-in/", signing_in.log_in, name="login"),
    path("log-out/", signing_in.log_out, name="logout"),
]
