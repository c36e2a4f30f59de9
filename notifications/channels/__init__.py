"""How messages go out: one module a channel, and its line here. docs/recipes.md says how to add one."""

from notifications.channels.channel import Channel, DeliveryError
from notifications.channels.email import EMAIL

__all__ = ["CHANNELS", "EMAIL", "Channel", "DeliveryError", "channel_named", "channel_to"]

# The order is the preference: a customer gets a message by the first channel that reaches them, and by no other.
CHANNELS: tuple[Channel, ...] = (EMAIL,)


def channel_named(name: str) -> Channel:
    """Return a channel by the name in `notification_logs`; raise DeliveryError if this release has none."""
    for channel in CHANNELS:
        if channel.name == name:
            return channel
    # Not permanent: during an update the outbox may hold messages of a newer release, which its workers will send.
    raise DeliveryError(f"There is no channel {name!r}. Add it to CHANNELS in notifications/channels/__init__.py.")


def channel_to(*, email: str, phone: str) -> tuple[Channel, str] | None:
    """Return the channel in use that reaches a customer, and which address it writes to; None if none does."""
    for channel in CHANNELS:
        if channel.in_use and (address := channel.address(email=email, phone=phone)):
            return channel, address
    return None
