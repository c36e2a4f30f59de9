"""An installation of its own, whose servers a test may stop, starve and kill."""

from collections.abc import Iterator

import pytest

from rhivo.proving.place import Place, place


@pytest.fixture(scope="session")
def installation() -> Iterator[Place]:
    """Whoever breaks something in it mends it again."""
    with place() as made:
        yield made
