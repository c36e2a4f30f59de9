"""System check of the channels' settings: what would keep messages from going out, with the cure."""

from typing import Any

from django.conf import settings
from django.core import checks

from notifications.channels import CHANNELS

HINT = "Write name=URL with commas between, where name is one of notifications/channels/ and a comma in a URL is %2C."


def channel_urls_name_channels(**_: Any) -> list[checks.CheckMessage]:
    """Check that each entry of CHANNEL_URLS is for a channel: a misspelt one would silently send nothing."""
    known = {channel.name for channel in CHANNELS}
    # The name alone is quoted: a URL holds the provider's key. An entry without `=` is all name, so it is not quoted.
    return [
        checks.Error(
            f"CHANNEL_URLS names {name!r}, which is not a channel."
            if url
            else "CHANNEL_URLS has an entry without a URL.",
            hint=HINT,
            id="rhivo.E009",
        )
        for name, url in settings.CHANNEL_URLS.items()
        if name not in known or not url
    ]
