"""The time zones a business may choose from."""

from functools import cache
from zoneinfo import available_timezones


@cache  # available_timezones() walks the files of all zones
def zone_choices() -> list[tuple[str, str]]:
    """Return the IANA zones as choices of a form."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]
