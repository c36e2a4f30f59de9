"""What tests of the back office's forms share: what a browser would send back of a page, and what a page shows."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.test import Client

from businesses.models import User

Pages = Callable[[User], Client]


def form_of(response: Any) -> dict[str, Any]:
    """Return what a browser would send back of a change page, unchanged."""
    form: Form = response.context["adminform"].form
    data = {form.add_prefix(name): form[name].value() for name in form.fields}
    for inline in response.context["inline_admin_formsets"]:
        for each in [inline.formset.management_form, *inline.formset.forms]:
            data |= {each.add_prefix(name): each[name].value() for name in each.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}


def shown(response: Any) -> str:
    return str(response.content.decode())
