"""What pages and mails say: prices, times, colours, and the pages for when there is nothing to show."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string

from bookings.pages.colours import DARK_CARD, INK, LIGHT_PAGE, READABLE, VISIBLE, contrast, stylesheet, text_on
from bookings.pages.colours import _parsed as parsed
from bookings.templatetags.wording import clock, duration, minute_of_day, place
from businesses.money import price_text


@pytest.mark.parametrize(
    ("minor_units", "currency", "locale", "text"),
    [
        (2500, "EUR", "en", "€25.00"),
        (123_456, "EUR", "it", "1.234,56\xa0€"),
        (5, "USD", "en", "$0.05"),
        (1500, "JPY", "en", "¥1,500"),
        (12_345, "KWD", "en", "KWD\xa012.345"),
        (990, "CHF", "es", "9,90\xa0CHF"),
    ],
)
def test_a_price_is_written_as_its_currency_and_locale_do(
    minor_units: int, currency: str, locale: str, text: str
) -> None:
    assert price_text(minor_units, currency, locale) == text


def test_durations_are_said_in_hours_and_minutes() -> None:
    assert [duration(minutes) for minutes in (45, 60, 90)] == ["45 min", "1 h", "1 h 30 min"]


def test_the_time_of_day_follows_the_habit_of_the_country() -> None:
    rome, boston = ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York")
    assert clock(datetime(2027, 5, 4, 15, 30, tzinfo=rome), "Europe/Rome") == "15:30"
    assert clock(datetime(2027, 5, 4, 0, 5, tzinfo=boston), "America/New_York") == "12:05 am"
    assert minute_of_day(1440, "Europe/Rome") == "24:00"
    assert minute_of_day(1440, "America/New_York") == "12:00 am"
    assert place("America/Argentina/Buenos_Aires") == "Buenos Aires"


def test_an_hour_that_comes_twice_says_which_one_is_meant() -> None:
    rome = ZoneInfo("Europe/Rome")
    assert clock(datetime(2027, 10, 31, 2, 30, tzinfo=rome), "Europe/Rome") == "02:30 CEST"
    assert clock(datetime(2027, 10, 31, 2, 30, fold=1, tzinfo=rome), "Europe/Rome") == "02:30 CET"


ACCENTS = ["#1f6f5c", "#000000", "#ffffff", "#f2c230", "#ff0000", "#7a1f4b", "#808080", "#00ffff", "#0000ff"]


@pytest.mark.parametrize("accent", ACCENTS)
def test_any_colour_a_business_chooses_can_be_read(accent: str) -> None:
    light, dark = stylesheet(accent).strip().split("\n")
    for line, background in ((light, LIGHT_PAGE), (dark, DARK_CARD)):
        said = dict(pair.split(":") for pair in line[line.index("{--") + 1 : line.index("}")].split(";"))
        surface, on, text = (parsed(said[name]) for name in ("--accent", "--on-accent", "--accent-text"))
        assert contrast(surface, background) >= VISIBLE - 0.05
        assert contrast(on, surface) >= READABLE
        assert contrast(text, background) >= READABLE


def test_what_is_written_on_a_light_colour_is_dark() -> None:
    assert text_on((1.0, 0.9, 0.3)) == INK
    assert text_on((0.1, 0.2, 0.3)) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("page", ["500.html", "503.html"])
def test_the_pages_of_last_resort_need_no_context(page: str) -> None:
    assert "</html>" in render_to_string(page)
