"""What every template knows: the business of the page."""

from typing import Any

from django.http import HttpRequest


def business(request: HttpRequest) -> dict[str, Any]:
    """Return the request's business, or None on the installation's own pages."""
    # getattr, because a refusal by an outer middleware is rendered before the attribute is set.
    return {"business": getattr(request, "business", None)}
