"""What each tenant table says of itself, and a row for any of them: so that attacks keep no list of tables.

A table says it in its line `-- @tenant_table`; a row is made from the model. What a row means is left to who asks.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models, transaction

from businesses.models import Business
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.db.sql_objects import APPS, TENANT_TABLE
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role


class NoPlainValue(Exception):
    """A required field has a type that no plain value is known for; the message says where to add one."""


def declared() -> dict[str, dict[str, str]]:
    """Return the options of each `@tenant_table` line by table: who reads and edits it, its history, its secrets."""
    return {
        file.stem: dict(option.split("=") for option in line[1].split())
        for app in APPS
        for file in Path(apps.get_app_config(app).path).glob("sql/tables/*.sql")
        if (line := TENANT_TABLE.search(file.read_text()))
    }


def declaring(option: str, value: str = "") -> set[str]:
    """Return the tables whose line has an option; with a value, those that give it that value."""
    lines = declared().items()
    return {table for table, options in lines if option in options and value in ("", options[option])}


def fill(shop: Shop) -> dict[str, Any]:
    """Give each tenant table a row of the business where it has none; return one id each, as `businesses/category`.

    History and seals are left alone: nobody inserts there, and each change of the business leaves an entry.
    """
    rows = {}
    for model in _tenant_models():
        # First on the connection of the test: what a test without commits wrote is seen there alone.
        with acting_as(shop.owners):
            found = model._default_manager.filter(business_id=shop.business.pk).first()
        if not found:
            # As the schema's owner: a login may not insert into every table. With claims: history names who acts.
            with as_role("owner"), acting_as(shop.owners), transaction.atomic():
                found = _row_of(model, shop.business)
        rows[f"{model._meta.app_label}/{model._meta.model_name}"] = found.pk
    return rows


def _tenant_models() -> Iterator[type[models.Model]]:
    """Yield the models with a foreign key to the business; history has a bare id there, which outlives it."""
    for model in apps.get_models():
        # By the foreign key and not by a list: a new model is found by itself.
        keys = (field for field in model._meta.fields if isinstance(field, models.ForeignKey))
        if any(key.related_model is Business for key in keys):
            yield model


def _row_of(model: type[models.Model], business: Business) -> models.Model:
    found = model._default_manager.filter(business_id=business.pk).first()
    if found:
        return found
    # What has a default or may be empty is left to the model: the fewer values, the fewer constraints that they
    # break.
    required = [field for field in model._meta.concrete_fields if _is_required(field)]
    return model._default_manager.create(**{field.attname: _plain_value(field, business) for field in required})


def _is_required(field: "models.Field[Any, Any]") -> bool:
    return not (field.has_default() or field.null or field.blank or getattr(field, "auto_now_add", False))


def _plain_value(field: "models.Field[Any, Any]", business: Business) -> Any:
    """Raises NoPlainValue. Text is the business's name, so that a page that shows it to another tenant is noticed."""
    value: Any
    match field:
        case models.ForeignKey() if field.related_model is Business:
            value = business.pk
        case models.ForeignKey():
            value = _row_of(field.related_model, business).pk
        case models.URLField():
            value = "https://example.com/"
        case models.SlugField():
            value = re.sub(r"\W+", "-", business.name.lower())
        case models.CharField() | models.TextField() if field.choices:
            value = next(iter(field.flatchoices))[0]
        case models.CharField() | models.TextField():
            value = business.name[: field.max_length]
        case models.BooleanField():
            value = True
        case models.IntegerField():
            value = 1
        case models.UUIDField():
            value = uuid4()
        case models.DateTimeField():
            value = now()
        case models.DateField():
            value = now().date()
        case _:
            raise NoPlainValue(f"{field} needs a value: add its type to _plain_value() in {__file__}")
    return value
