"""Numbers before nouns: one thing, and any other number of things."""

import pytest

from rhivo.text.plurals import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (21, "21 entries")])
def test_a_noun_agrees_with_its_number(number: int, text: str) -> None:
    assert counted(number, "entry", "entries") == text


def test_most_nouns_take_an_s() -> None:
    assert (counted(1, "booking"), counted(2, "booking")) == ("1 booking", "2 bookings")
