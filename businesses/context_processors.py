"""What every page knows: whose pages it is on."""

from typing import Any

from django.http import HttpRequest


def business(request: HttpRequest) -> dict[str, Any]:
    """Return the request's business, or None on the installation's own pages."""
    return {"business": getattr(request, "business", None)}
