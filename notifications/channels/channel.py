"""What every channel is: how it says whom it reaches, and how it sends. It knows neither outbox nor retries."""

from abc import ABC, abstractmethod
from typing import ClassVar

from django.conf import settings

from notifications.models import NotificationLog


class DeliveryError(Exception):
    """A message was not sent; the text says why, without a key or password. It is kept with the message.

    A permanent error is given up at once, any other is tried again later.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Channel(ABC):
    """One way by which a message travels to one address."""

    name: ClassVar[str]
    """What `notification_logs.channel` holds: at most ten letters."""
    noun: ClassVar[str]
    """What people at work call one message, as in 'A mail to ada@example.com is on its way.'"""

    @property
    def url(self) -> str:
        """Return the provider's address, with its key, from CHANNEL_URLS; '' if the operator named none."""
        return str(settings.CHANNEL_URLS.get(self.name, ""))

    @property
    def in_use(self) -> bool:
        return bool(self.url)

    @abstractmethod
    def address(self, *, email: str, phone: str) -> str:
        """Return which of a customer's addresses this channel writes to, '' if they left none of its kind.

        It must be one of the two, unchanged: the policy `tells_the_truth_of_bookings` refuses any other recipient.
        """

    @abstractmethod
    def send(self, message: NotificationLog) -> None:
        """Send one message, outside any transaction; raise DeliveryError if it did not go out.

        It takes less than two minutes (LEASE - ROUND in notifications/delivery.py): later the lease of the message
        may be over, and another worker sends it too. It hands the message's id to a provider that takes one, so that
        the provider knows a second try as such.
        """
