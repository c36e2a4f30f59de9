"""The base of every page of the back office: what is not there is not found, and no request asks without bounds."""

from typing import Any, NoReturn

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from unfold.admin import ModelAdmin

from rhivo import claims

LONGEST_SEARCH = 100  # characters
MOST_AT_ONCE = 200  # rows that one action may be run on


class BoundedAdmin(ModelAdmin):
    """Rows of another business and rows that never were get the same answer: 404."""

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        # Django would redirect to the first page with a message that names the id.
        raise Http404

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the business."""
        # Row security would hide the others too, but the planner needs the id in the query to use an index.
        return super().get_queryset(request).filter(business_id=claims.current().business_id)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the first hundred characters."""
        # Each word is compared with every field, so a long text would be a very long query.
        return super().get_search_results(request, queryset, search_term[:LONGEST_SEARCH])

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Refuse an action on more rows than a page shows."""
        # "Select all" means every row of the list, not of the page. The slice ends the count early.
        everything = request.POST.get("select_across", "0") not in ("", "0")
        if everything and queryset[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
            messages.error(request, f"Choose at most {MOST_AT_ONCE} rows at once: narrow the list first.")
            return None
        return super().response_action(request, queryset)
