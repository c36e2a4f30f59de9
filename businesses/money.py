"""Money as people write and type it: minor units and an ISO 4217 code in, text out, and back.

Decimals, symbols and where they stand come from CLDR, by Babel. No rates and no rounding here.
"""

import re
from decimal import Decimal

from babel.numbers import NumberFormatError, format_currency, format_decimal, get_currency_precision, parse_decimal

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
# CLDR's currencySpacing, which Babel leaves out: a code of letters does not touch the number.
LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
# `parse_decimal` would take NaN, Infinity, 1e5, 1_0, signs and digits of other scripts too.
TYPED = re.compile(r"[0-9.,]+")


def decimals_of(currency: str) -> int:
    """Return how many decimals a currency has: 2 for EUR, 0 for JPY. Its minor unit is the last of them."""
    return get_currency_precision(currency)


def price_text(minor_units: int, currency: str, locale: str) -> str:
    """Return a price as a locale writes it: €28.00, or 28,00 € with a no-break space."""
    text = format_currency(_main_units(minor_units, currency), currency, locale=locale)
    return LETTER_BEFORE_DIGIT.sub(NO_BREAK_SPACE, text)


def amount_text(minor_units: int, currency: str, locale: str) -> str:
    """Return the number of a price alone, as a person types it: 1234,50."""
    decimals = decimals_of(currency)
    # Without grouping: what the form shows must be what it takes back.
    pattern = "0." + "0" * decimals if decimals else "0"
    return format_decimal(_main_units(minor_units, currency), format=pattern, locale=locale)


def amount_typed(text: str, locale: str) -> Decimal:
    """Return the number that a person typed, in main units; raises ValueError for no number of this locale."""
    if not TYPED.fullmatch(text.strip()):
        raise ValueError("not an amount")
    # strict, because Babel would read 12.50 in Italian as 1250, a price a hundred times too high.
    try:
        return parse_decimal(text.strip(), locale=locale, strict=True)
    except NumberFormatError as error:
        raise ValueError("not an amount of this locale") from error


def minor_units_of(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units; further decimals than the currency has are cut off, so check them first."""
    return int(amount.scaleb(decimals_of(currency)))


def _main_units(minor_units: int, currency: str) -> Decimal:
    return Decimal(minor_units).scaleb(-decimals_of(currency))
