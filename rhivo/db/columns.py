"""The columns of a model, for SQL that is written by hand."""

from django.db.models import Model


def columns_of(model: type[Model]) -> str:
    """Return a model's columns for a SELECT."""
    # Not `*`: prepared statements fail ("cached plan must not change result type") once a migration adds a column.
    return ", ".join(str(field.column) for field in model._meta.concrete_fields)
