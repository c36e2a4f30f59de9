"""What each role may do in the back office, in the words in which Django's admin asks (`app.verb_model`).

Row-level security and grants decide. This only keeps the admin from offering what the database would refuse, so a name
that is missing here hides a page, and one too many leads to an error, never to another's data.
"""

from rhivo.claims import Claims

_STAFF = frozenset(
    {
        "bookings.view_appointment",
        "bookings.add_appointment",
        "bookings.change_appointment",  # and no delete: appointments are canceled
        "businesses.view_service",
        "businesses.view_category",
        "businesses.view_staff",
        "businesses.view_resource",
        "businesses.view_servicestaff",
        "businesses.view_availability",
        "businesses.view_business",
        "notifications.view_notificationlog",
        "audit.view_auditlog",
    }
)
_OWNER = (
    _STAFF
    | {
        f"businesses.{verb}_{model}"
        for model in ("service", "category", "staff", "servicestaff", "resource", "availability")
        for verb in ("view", "add", "change", "delete")
    }
    | {"businesses.change_business", "businesses.view_membership", "businesses.view_user"}
)


def may(claims: Claims, permission: str) -> bool:
    """Tell whether the claims' role allows a permission in its own business."""
    if claims.owns:
        return permission in _OWNER
    return claims.works_here and permission in _STAFF
