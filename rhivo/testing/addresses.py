"""Every address that the installation answers, as a reader writes it: `/my/<appointment_id>/reschedule/`."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import get_resolver

INSTALLATION, BUSINESS = "rhivo.urls", "rhivo.business_urls"


def addresses(urlconf: str) -> set[str]:
    """Return the templates of all addresses under a urlconf, parameters as `<name>`."""
    # simplify_regex is what admindocs shows: it turns both kinds of patterns, path() and re_path(), into one form.
    return {re.sub(r"<\w+:", "<", simplify_regex(each)) for each in _walk(get_resolver(urlconf).url_patterns)}


def _walk(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        whole = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, whole)
        else:
            yield whole


def parameters(template: str) -> list[str]:
    """Return the names of a template's parameters."""
    return re.findall(r"<(\w+)>", template)


def filled(template: str, values: dict[str, str]) -> str:
    """Return an address made of a template."""
    return re.sub(r"<(\w+)>", lambda found: values[found[1]], template)
