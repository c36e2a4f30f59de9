"""The decorators of unfold with types. It has none, and mypy takes what an untyped decorator returns for anything."""

from collections.abc import Callable
from typing import Any, TypeVar

from unfold import decorators

Method = TypeVar("Method", bound=Callable[..., Any])


def display(**options: Any) -> Callable[[Method], Method]:
    """Make a method a column or a field of a page, as `admin.display` does; `label` shows its value as a badge."""
    decorator: Callable[[Method], Method] = decorators.display(**options)
    return decorator


def action(**options: Any) -> Callable[[Method], Method]:
    """Make a method a button of a page, as `admin.action` makes one of a list."""
    decorator: Callable[[Method], Method] = decorators.action(**options)
    return decorator
