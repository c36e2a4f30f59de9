"""Shades of a business's colour that stay readable: each keeps its contrast on the backgrounds that it is put on."""

import colorsys
from collections.abc import Callable

RGB = tuple[float, float, float]
WHITE: RGB = (1.0, 1.0, 1.0)
INK: RGB = (0.06, 0.065, 0.07)
LIGHT_PAGE: RGB = (0.965, 0.961, 0.949)
DARK_CARD: RGB = (0.13, 0.14, 0.15)
READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3
STRONGEST_TINT = 0.16  # the most of the accent that the stylesheet mixes into what text stands on
VISIBLE = 3.0  # and 1.4.11, for what is no text


def stylesheet(accent: str) -> str:
    """Return the custom properties that `rhivo.css` takes its colours from, for an accent such as `#1f6f5c`."""
    color = _parsed(accent)
    light, dark = _properties(color, LIGHT_PAGE), _properties(color, DARK_CARD)
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _properties(color: RGB, background: RGB) -> str:
    """Return the accent as a surface, what is written on it, and the accent as text on a tint of itself."""
    surface = _shaded(color, background, VISIBLE)
    text = _shaded(color, _mixed(surface, background, STRONGEST_TINT), READABLE)
    return f"--accent:{_text(surface)};--on-accent:{_text(text_on(surface))};--accent-text:{_text(text)}"


def contrast(one: RGB, other: RGB) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_on(background: RGB) -> RGB:
    """Return white, or ink where white would be hard to read."""
    return WHITE if contrast(WHITE, background) >= READABLE else max((WHITE, INK), key=_contrast_with(background))


def _contrast_with(background: RGB) -> Callable[[RGB], float]:
    return lambda color: contrast(color, background)


def _shaded(color: RGB, background: RGB, wanted: float) -> RGB:
    """Return the colour, darkened or lightened just as far as a contrast with the background needs."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*color)
    # Black and white contrast alike with a background of about this luminance: away from it there is more room.
    step = -0.01 if _luminance(background) > 0.18 else 0.01
    while contrast(color, background) < wanted and 0 <= lightness + step <= 1:
        lightness += step
        color = colorsys.hls_to_rgb(hue, lightness, saturation)
    return color


def _mixed(color: RGB, background: RGB, share: float) -> RGB:
    red, green, blue = (share * top + (1 - share) * under for top, under in zip(color, background, strict=True))
    return red, green, blue


def _luminance(color: RGB) -> float:
    # Relative luminance of sRGB, as WCAG 2 defines it, with the threshold of the sRGB standard (IEC 61966-2-1).
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parsed(text: str) -> RGB:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _text(color: RGB) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in color)
