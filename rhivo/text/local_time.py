"""Instants as people read them, in the zone in force: the back office activates the business's."""

from datetime import datetime

from django.utils import timezone


def local_time(instant: datetime) -> str:
    """Return day and wall-clock time, as Tue 24 Nov 2026, 10:00."""
    return timezone.localtime(instant).strftime("%a %-d %b %Y, %H:%M")
