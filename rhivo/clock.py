"""The one clock. Operations take the instant as `at`; only faces and tasks read it here."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)
