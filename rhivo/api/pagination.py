"""Pages by cursor: stable while rows come and go."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """At most 100 a page, 50 unless asked; the ordering ends in the unique id."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = ("starts_at", "id")
