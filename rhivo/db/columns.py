"""Naming a model's columns in SQL by hand."""

from django.db.models import Model


def columns_of(model: type[Model]) -> str:
    """Return a model's columns for a SELECT; a prepared `*` would fail from the moment a migration adds one."""
    return ", ".join(str(field.column) for field in model._meta.concrete_fields)
