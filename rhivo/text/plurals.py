"""Numbers before nouns, in English: 1 booking, 2 bookings. Pages that are translated use ngettext instead."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun; `many` is the plural where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
