"""What a mail about an appointment says, as text and as HTML."""

from datetime import datetime

import pytest
from django.template.loader import render_to_string

from bookings.messages import facts
from rhivo.testing.builder import Shop


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["confirmed", "rescheduled", "canceled"])
@pytest.mark.parametrize("ending", ["subject.txt", "txt", "html"])
def test_a_mail_says_when_and_what_and_escapes_only_html(shop: Shop, event: str, ending: str) -> None:
    booked = shop.book(shop.at("15:30"), shop.service(name="Cut & <b>shave</b>"))
    said = facts(booked)
    said |= {name: datetime.fromisoformat(said[name]) for name in ("start", "end")}
    text = render_to_string(
        f"notifications/appointment_{event}.{ending}", said | {"manage_url": "https://x.example/m/", "locale": "en"}
    )
    assert "15:30" in text
    assert ("Cut &amp; &lt;b&gt;" if ending == "html" else "Cut & <b>") in text
    if ending != "subject.txt":
        assert booked.reference in text
        assert "https://x.example/m/" in text
