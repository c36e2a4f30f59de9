"""Rhivo's addresses, and the floor beside them: an empty view behind the same middleware."""

from django.db import connection
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rhivo.urls import *  # noqa: F403
from rhivo.urls import urlpatterns as rhivo_urls


class FloorView(APIView):
    """The least that a request to this server can do with its transaction: one `SELECT 1`."""

    def get(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            (one,) = cursor.fetchone()
        return Response({"one": one})


urlpatterns = [path("api/v1/floor/", FloorView.as_view()), *rhivo_urls]
