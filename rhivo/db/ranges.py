"""Check constraints for whole numbers, and the validators that say the same to people beforehand."""

from collections.abc import Callable, Sequence

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CheckConstraint, F, Q
from django.db.models.functions import Mod
from django.db.models.lookups import Exact


def in_range(name: str, field: str, least: int, most: int, *, step: int = 1) -> CheckConstraint:
    """Return the check that a column lies between two values and is a multiple of `step`; NULL passes."""
    # A CHECK refuses only what is false. With NULL it is unknown, and passes: columns that must be set are NOT NULL.
    condition = Q(**{f"{field}__gte": least, f"{field}__lte": most})
    if step > 1:
        condition &= Q(Exact(Mod(F(field), step), 0))
    return CheckConstraint(condition=condition, name=name)


def limits(least: int, most: int) -> Sequence[Callable[[int], None]]:
    """Return the validators of a field that lies between two values."""
    return [MinValueValidator(least), MaxValueValidator(most)]
