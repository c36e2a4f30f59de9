"""Money as people write it: minor units and an ISO 4217 code in, text out. Knows nothing of rates or rounding."""

from django.utils.formats import number_format
from django.utils.translation import override

# fmt: off
WITHOUT_MINOR_UNIT = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
})
# fmt: on
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "EUR": "€",
    "GBP": "£",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "PHP": "₱",
    "USD": "$",
    "VND": "₫",
}
SYMBOL_FIRST = frozenset({"en"})
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def decimals_of(currency: str) -> int:
    """Return how many decimals a currency's minor unit has, by ISO 4217."""
    if currency in WITHOUT_MINOR_UNIT:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def price_text(minor_units: int, currency: str, locale: str = "en") -> str:
    """Return a price with its symbol, or its code where the symbol is not well known, in a locale's habit."""
    decimals = decimals_of(currency)
    whole, rest = divmod(minor_units, 10**decimals)
    amount = f"{whole}.{rest:0{decimals}}" if decimals else str(whole)
    with override(locale):
        number = number_format(amount, decimals, use_l10n=True, force_grouping=True)
    symbol = SYMBOLS.get(currency, currency)
    if locale in SYMBOL_FIRST:
        return f"{symbol}{NO_BREAK_SPACE if symbol == currency else ''}{number}"
    return f"{number}{NO_BREAK_SPACE}{symbol}"
