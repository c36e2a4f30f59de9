"""The base class of pages to look at: what they show is written elsewhere."""

from django.db.models import Model
from django.http import HttpRequest

from businesses.backoffice.bounded_admin import BoundedAdmin


class ViewOnlyAdmin(BoundedAdmin):
    """Lists and shows rows; adds, changes and deletes none."""

    # None takes away the actions of the whole site too, and with them the column of boxes to tick.
    actions: tuple[str, ...] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
