from django.urls import re_path

from businesses.api import views

# With and without the slash: a redirect from one to the other would lose the body of a POST.
urlpatterns = [
    re_path(r"^businesses/?$", views.DirectoryView.as_view()),
    re_path(r"^businesses/(?P<subdomain>[^/]+)/?$", views.BusinessView.as_view()),
    re_path(r"^businesses/(?P<subdomain>[^/]+)/services/?$", views.ServicesView.as_view()),
    re_path(r"^businesses/(?P<subdomain>[^/]+)/staff/?$", views.StaffView.as_view()),
    re_path(r"^auth/token/?$", views.TokenView.as_view()),
    re_path(r"^auth/token/refresh/?$", views.RefreshView.as_view()),
]
