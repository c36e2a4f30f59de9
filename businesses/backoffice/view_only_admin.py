"""An admin page for reading: what is listed there is written elsewhere."""

from django.db.models import Model
from django.http import HttpRequest

from businesses.backoffice.bounded_admin import BoundedAdmin


class ViewOnlyAdmin(BoundedAdmin):
    """Lists and shows rows, and neither adds, changes nor deletes one."""

    actions: tuple[str, ...] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
