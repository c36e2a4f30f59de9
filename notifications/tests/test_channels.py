"""Which channel a message goes by, and what its errors do: with text messages of the tests' own beside mail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from bookings.messages import channel_to_customer
from bookings.models import Appointment
from notifications import channels
from notifications.channel_settings import channel_urls_name_channels
from notifications.channels import EMAIL, Channel, DeliveryError, channel_to
from notifications.delivery import FIRST_RETRY, GIVE_UP_AFTER, deliver_due
from notifications.models import NotificationLog
from rhivo.clock import now
from rhivo.testing.builder import GINO, Shop
from rhivo.testing.database import as_role

ADDRESS, NUMBER = "gino@example.com", "+393331234567"


class TextMessages(Channel):
    """A channel to phones whose provider is a list."""

    name, noun = "sms", "text message"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.error: Exception | None = None

    def address(self, *, email: str, phone: str) -> str:
        return phone

    def send(self, message: NotificationLog) -> None:
        if self.error:
            raise self.error
        self.sent.append(message.recipient)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch, settings: Any) -> TextMessages:
    """Text messages in use, after mail."""
    channel = TextMessages()
    monkeypatch.setattr(channels, "CHANNELS", (EMAIL, channel))
    settings.CHANNEL_URLS = {"sms": "https://key@sms.example"}
    return channel


@pytest.fixture
def enqueued(shop: Shop, texts: TextMessages) -> NotificationLog:
    """The message of a booking with a phone number alone."""
    with as_role("worker"):
        NotificationLog.objects.filter(status__in=["pending", "sending"]).update(status="failed")
    appointment = shop.book_by_staff(shop.at(), contact=replace(GINO, email="", phone=NUMBER))
    return message_of(appointment)


def message_of(appointment: Appointment) -> NotificationLog:
    with as_role("worker"):
        return NotificationLog.objects.get(dedupe_key__startswith=str(appointment.id))


def delivered(message: NotificationLog, after: timedelta = timedelta()) -> NotificationLog:
    """Deliver what is due, and return the message as it is then."""
    with as_role("worker"):
        deliver_due(at=now() + after)
        message.refresh_from_db()
    return message


@pytest.mark.parametrize(
    ("email", "phone", "expected"),
    [
        (ADDRESS, NUMBER, ("email", ADDRESS)),
        (ADDRESS, "", ("email", ADDRESS)),
        ("", NUMBER, ("sms", NUMBER)),
        ("", "", None),
    ],
)
def test_a_customer_is_reached_by_the_first_channel_that_has_an_address(
    texts: TextMessages, email: str, phone: str, expected: tuple[str, str] | None
) -> None:
    reached = channel_to(email=email, phone=phone)
    assert (reached and (reached[0].name, reached[1])) == expected


def test_a_channel_without_a_provider_reaches_nobody(texts: TextMessages, settings: Any) -> None:
    settings.CHANNEL_URLS = {}
    assert channel_to(email="", phone=NUMBER) is None


def test_the_name_of_every_channel_fits_its_column_and_is_its_own() -> None:
    names = [channel.name for channel in channels.CHANNELS]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= (NotificationLog._meta.get_field("channel").max_length or 0)


def test_an_entry_of_channel_urls_that_names_no_channel_is_an_error_that_keeps_the_key(settings: Any) -> None:
    settings.CHANNEL_URLS = {"smss": "https://key@sms.example"}
    [found] = channel_urls_name_channels()
    assert (found.id, found.msg) == ("rhivo.E009", "CHANNEL_URLS names 'smss', which is not a channel.")


def test_an_entry_of_channel_urls_without_a_name_is_an_error_that_keeps_the_key(settings: Any) -> None:
    settings.CHANNEL_URLS = {"https://key@sms.example": ""}
    [found] = channel_urls_name_channels()
    assert (found.id, found.msg) == ("rhivo.E009", "CHANNEL_URLS has an entry without a URL.")


@pytest.mark.django_db(transaction=True)
def test_a_message_goes_out_by_its_own_channel(enqueued: NotificationLog, texts: TextMessages) -> None:
    mail.outbox = []
    assert (enqueued.channel, enqueued.recipient) == ("sms", NUMBER)
    assert delivered(enqueued).status == "sent"
    assert (texts.sent, mail.outbox) == ([NUMBER], [])


@pytest.mark.django_db(transaction=True)
def test_a_permanent_error_is_given_up_at_once(enqueued: NotificationLog, texts: TextMessages) -> None:
    texts.error = DeliveryError("no such number", permanent=True)
    given_up = delivered(enqueued)
    assert (given_up.status, given_up.attempts, given_up.last_error) == ("failed", 1, "no such number")
    assert delivered(enqueued, timedelta(days=1)).attempts == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [DeliveryError("busy"), RuntimeError("busy")])
def test_any_other_error_is_tried_again_eight_times_in_all(
    enqueued: NotificationLog, texts: TextMessages, error: Exception
) -> None:
    texts.error = error
    at = now()
    put_off = delivered(enqueued)
    assert (put_off.status, put_off.attempts, put_off.last_error) == ("pending", 1, "busy")
    assert put_off.due_at >= at + FIRST_RETRY
    for day in range(1, GIVE_UP_AFTER + 3):
        put_off = delivered(put_off, timedelta(days=day))
    assert (put_off.status, put_off.attempts) == ("failed", GIVE_UP_AFTER)


@pytest.mark.django_db(transaction=True)
def test_a_message_of_a_channel_that_this_release_lacks_waits_for_one_that_has_it(
    enqueued: NotificationLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(channels, "CHANNELS", (EMAIL,))
        waiting = delivered(enqueued)
        assert (waiting.status, waiting.attempts) == ("pending", 1)
        assert "no channel 'sms'" in waiting.last_error
    assert delivered(waiting, timedelta(days=1)).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_without_such_a_channel_a_phone_number_alone_gets_no_message(shop: Shop) -> None:
    appointment = shop.book_by_staff(shop.at(), contact=replace(GINO, email="", phone=NUMBER))
    assert channel_to_customer(appointment) is None
    with as_role("worker"):
        assert not NotificationLog.objects.filter(business=shop.business).exists()
