"""The back office's sidebar: the pages of all apps, each shown to whoever may see it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links, in their order."""
    return [
        {
            "items": [
                {"title": "Today", "icon": "today", "link": reverse_lazy("admin:index")},
                _page("Appointments", "calendar_month", "bookings.appointment"),
            ]
        },
        _group(
            "Catalogue",
            _page("Services", "content_cut", "businesses.service"),
            _page("Categories", "category", "businesses.category"),
            _page("Resources", "meeting_room", "businesses.resource"),
        ),
        _group(
            "Business",
            _page("Hours", "schedule", "businesses.availability"),
            _page("Team", "groups", "businesses.staff"),
            _page("Access", "key", "businesses.membership"),
            _page("Settings", "settings", "businesses.business"),
        ),
        _group(
            "Records",
            _page("Messages", "mail", "notifications.notificationlog"),
            _page("History", "history", "audit.auditlog"),
            _link("Why not free?", "help", "admin:bookings_appointment_explain", "bookings.view_appointment"),
        ),
    ]


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


def _page(title: str, icon: str, model: str) -> dict[str, Any]:
    """Return a link to a model's list."""
    app, _, name = model.partition(".")
    return _link(title, icon, f"admin:{app}_{name}_changelist", f"{app}.view_{name}")


def _link(title: str, icon: str, url_name: str, permission: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(url_name),
        # This hides a link. The page behind it checks for itself.
        "permission": lambda request: request.user.has_perm(permission),
    }
