"""Let a bare `pytest` bring its own servers (`-p rhivo.testing.plugin`); under `make test` they are there already."""

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from rhivo.local.server_programs import NoServer
from rhivo.testing.real_servers.throwaway import already_there, servers


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A wrapper, to be done before pytest-django reads the settings. Workers of xdist inherit what is set here."""
    if not already_there():
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        try:
            os.environ.update(stack.enter_context(servers()))
        except NoServer as problem:
            raise pytest.UsageError(str(problem)) from problem
    return (yield)
