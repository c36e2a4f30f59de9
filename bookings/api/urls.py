from django.urls import re_path

from bookings.api import views
from bookings.api.appointment_history import HistoryView

# Not Django's converter `uuid`, which refuses capital letters.
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
BUSINESS = r"^businesses/(?P<subdomain>[^/]+)"
APPOINTMENT = rf"^appointments/(?P<appointment_id>{UUID})"

# With and without the slash: a redirect from one to the other would lose the body of a POST.
urlpatterns = [
    re_path(rf"{BUSINESS}/slots/?$", views.SlotsView.as_view()),
    re_path(rf"{BUSINESS}/reservations/?$", views.HoldsView.as_view()),
    re_path(rf"{BUSINESS}/reservations/(?P<reservation_id>{UUID})/?$", views.HoldView.as_view()),
    re_path(rf"{BUSINESS}/appointments/?$", views.CommitView.as_view()),
    re_path(r"^appointments/?$", views.AppointmentsView.as_view()),
    re_path(rf"{APPOINTMENT}/?$", views.AppointmentView.as_view()),
    re_path(rf"{APPOINTMENT}/history/?$", HistoryView.as_view()),
    re_path(rf"{APPOINTMENT}/cancel/?$", views.CancelView.as_view()),
    re_path(rf"{APPOINTMENT}/reschedule/?$", views.RescheduleView.as_view()),
    re_path(rf"{APPOINTMENT}/complete/?$", views.CompleteView.as_view()),
    re_path(rf"{APPOINTMENT}/no-show/?$", views.NoShowView.as_view()),
    re_path(r"^auth/guest/?$", views.GuestView.as_view()),
]
