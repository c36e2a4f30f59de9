from django.urls import path

from businesses import views

urlpatterns = [
    path("", views.directory, name="directory"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
]
