"""The installation's own front page: a directory of businesses."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from businesses.models import Business


def directory(request: HttpRequest) -> HttpResponse:
    """List the businesses that want to be found."""
    return render(request, "directory.html", {"businesses": Business.objects.listed()[:200]})
