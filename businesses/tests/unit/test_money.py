"""Money: decimals by CLDR, text by locale, and back from what a person types."""

from decimal import Decimal

import pytest
from babel.core import get_global
from babel.numbers import list_currencies
from django.core.exceptions import ValidationError

from businesses.backoffice.form_fields import PriceField
from businesses.models import Business
from businesses.models.business import Locale
from businesses.money import amount_text, amount_typed, decimals_of, minor_units_of, price_text

CURRENCIES = sorted(list_currencies())
LOCALES = [locale.value for locale in Locale]


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("EUR", 2), ("USD", 2), ("UYI", 0), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("ZZZ", 2)],
)
def test_a_currency_has_the_decimals_of_cldr(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize("locale", LOCALES)
def test_every_currency_is_written_with_its_decimals_and_read_back(locale: str) -> None:
    fractions = get_global("currency_fractions")
    for currency in CURRENCIES:
        decimals = fractions.get(currency, fractions["DEFAULT"])[0]
        assert decimals_of(currency) == decimals
        for minor in (0, 1, 99, 100, 2500, 123_456_789):
            digits = "".join(filter(str.isdigit, price_text(minor, currency, locale)))
            assert digits == f"{minor:0{decimals + 1}}", (currency, minor)
            typed = amount_text(minor, currency, locale)
            assert minor_units_of(amount_typed(typed, locale), currency) == minor, (currency, typed)


@pytest.mark.parametrize(
    ("minor", "currency", "texts"),
    [
        (2800, "EUR", ("€28.00", "28,00\xa0€", "28,00\xa0€")),
        (250_000, "USD", ("$2,500.00", "2.500,00\xa0USD", "2.500,00\xa0US$")),
        (2500, "UYI", ("UYI\xa02,500", "2.500\xa0UYI", "2.500\xa0UYI")),
        (1500, "JPY", ("¥1,500", "1.500\xa0JPY", "1.500\xa0JPY")),
        (12_345, "KWD", ("KWD\xa012.345", "12,345\xa0KWD", "12,345\xa0KWD")),
    ],
)
def test_a_price_follows_the_locale(minor: int, currency: str, texts: tuple[str, str, str]) -> None:
    assert tuple(price_text(minor, currency, locale) for locale in ("en", "it", "es")) == texts


@pytest.mark.parametrize(
    ("locale", "typed", "amount"),
    [("en", "12.50", "12.50"), ("en", " 1,234.5 ", "1234.5"), ("it", "12,50", "12.50"), ("it", "1.234,5", "1234.5")],
)
def test_an_amount_is_read_as_the_locale_writes_it(locale: str, typed: str, amount: str) -> None:
    assert amount_typed(typed, locale) == Decimal(amount)


@pytest.mark.parametrize("typed", ["", "x", "-1", "NaN", "inf", "1e5", "١٢", "1,2,3", "€5", "12,5.0", "."])
@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_no_amount_is_refused(typed: str, locale: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        amount_typed(typed, locale)


@pytest.mark.parametrize(("locale", "typed"), [("en", "12,50"), ("it", "12.50"), ("es", "12.50")])
def test_the_amount_of_another_locale_is_refused_and_not_guessed(locale: str, typed: str) -> None:
    field = PriceField(currency="EUR", locale=locale)
    example = {"en": "12.34", "it": "12,34", "es": "12,34"}[locale]
    with pytest.raises(ValidationError, match=f"Write an amount such as {example}"):
        field.clean(typed)


@pytest.mark.parametrize(("locale", "shown"), [("en", "1234.50"), ("it", "1234,50"), ("es", "1234,50")])
def test_a_price_that_nobody_touched_has_not_changed(locale: str, shown: str) -> None:
    field = PriceField(currency="EUR", locale=locale)
    assert field.prepare_value(123_450) == shown
    assert field.clean(shown) == 123_450
    assert not field.has_changed(123_450, shown)
    assert field.has_changed(123_450, "1")
    assert field.has_changed(123_450, "x")


@pytest.mark.parametrize("typed", ["0.001", "12.345", "12345678.00"])
def test_an_amount_that_the_currency_or_the_column_cannot_hold_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        PriceField(currency="EUR").clean(typed)


def test_every_locale_of_a_business_has_a_way_to_write_money() -> None:
    for locale in dict(Business._meta.get_field("locale").choices or []):
        assert price_text(100, "EUR", locale)
