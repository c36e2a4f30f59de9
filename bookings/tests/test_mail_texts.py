"""What a mail about an appointment says, as text and as HTML."""

from datetime import datetime
from typing import Any

import pytest
from django.template.loader import render_to_string

from bookings.messages import facts
from bookings.models import Appointment
from rhivo.testing.builder import Shop


def mail(booked: Appointment, event: str, ending: str) -> str:
    said: dict[str, Any] = facts(booked)
    said |= {name: datetime.fromisoformat(said[name]) for name in ("start", "end")}
    return render_to_string(
        f"notifications/appointment_{event}.{ending}", said | {"manage_url": "https://x.example/m/", "locale": "en"}
    )


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["confirmed", "rescheduled", "canceled"])
@pytest.mark.parametrize("ending", ["subject.txt", "txt", "html"])
def test_a_mail_says_when_and_what_and_escapes_only_html(shop: Shop, event: str, ending: str) -> None:
    booked = shop.book(shop.at("15:30"), shop.service(name="Cut & <b>shave</b>"))
    text = mail(booked, event, ending)
    assert "15:30" in text
    assert ("Cut &amp; &lt;b&gt;" if ending == "html" else "Cut & <b>") in text
    if ending != "subject.txt":
        assert booked.reference in text
        assert "https://x.example/m/" in text


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["confirmed", "rescheduled", "canceled"])
@pytest.mark.parametrize(("ending", "bold"), [("txt", ""), ("html", "<b>")])
def test_a_mail_names_the_room_and_says_how_many_places_cost_what(
    shop: Shop, event: str, ending: str, bold: str
) -> None:
    shop.resource("garden", name="Garden", kind="room")
    yoga = shop.service(
        "yoga", needs=["room"], is_group=True, max_simultaneous_bookings=6, price_cents=1500, name="Yoga"
    )
    several = mail(shop.commit(shop.hold(shop.at("10:00"), yoga, places=3)).appointment, event, ending)
    assert "3 places" in several
    assert "€45.00 for 3 places" in several
    assert f"{bold}Garden" in several
    one = mail(shop.book(shop.at("12:00"), shop.service()), event, ending)
    assert "place" not in one.replace("doesn’t take place", "").replace("does not take place", "")
    assert "Garden" not in one
