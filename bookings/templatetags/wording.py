"""Facts as people say them: prices, durations, times of day, zones. English until there are catalogs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _

from bookings.contact import country_of_zone
from businesses.money import price_text

register = template.Library()
# Where people say 3:30 pm in writing, by CLDR's preferred hour cycle.
# fmt: off
TWELVE_HOUR_COUNTRIES = frozenset({
    "AE", "AU", "BD", "BH", "CA", "CO", "EG", "IN", "JO", "KW", "LK", "MY", "NZ", "OM", "PH", "PK", "QA", "SA", "SG",
    "US", "YE",
})
# fmt: on


@register.simple_tag
def price(minor_units: int, currency: str, locale: str) -> str:
    """Say a price, or that there is none to pay."""
    return price_text(minor_units, currency, locale) if minor_units else _("Free")


@register.filter
def duration(minutes: int) -> str:
    """Say a number of minutes, as 45 min, 1 h or 1 h 30 min."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)
    return " ".join(parts)


@register.filter(expects_localtime=True)
def clock(instant: datetime, timezone: str) -> str:
    """Say the time of day as people in a zone write it; a time that comes twice that day says which one it is."""
    text = minute_of_day(instant.hour * 60 + instant.minute, timezone)
    local = instant.astimezone(ZoneInfo(timezone))
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{text} {local.tzname()}" if comes_twice else text


@register.filter
def minute_of_day(minute: int, timezone: str) -> str:
    """Say minutes since local midnight the way `clock` says an instant; 1440 is midnight."""
    if country_of_zone().get(timezone) not in TWELVE_HOUR_COUNTRIES:
        return f"{minute // 60:02}:{minute % 60:02}"
    hour = minute // 60 % 24
    return f"{hour % 12 or 12}:{minute % 60:02} {'am' if hour < 12 else 'pm'}"


@register.filter
def place(timezone: str) -> str:
    """Say where a zone is: Europe/Rome is Rome."""
    return timezone.rpartition("/")[2].replace("_", " ")
