"""Let a bare `pytest` bring its own servers (`-p rhivo.testing.plugin`); under `make test` they are there already.

Tests in a folder `unit` need none. A run of nothing else starts none, and one of them that asks for one is refused.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

UNIT = "unit"
# Fixtures that lead to a server. One that builds on them is found too: `fixturenames` holds the whole closure.
_ON_SERVERS = {"db", "transactional_db", "django_db_setup", "server", "chromium"}
_WITHOUT_SERVERS = {
    "RHIVO_ENV": "test",
    "REDIS_URL": "",
    # Without any the settings would take a running demo's.
    **dict.fromkeys(
        ("DATABASE_URL", "WORKER_DATABASE_URL", "MIGRATION_DATABASE_URL"),
        "postgresql://unit-tests-have-no-server@127.0.0.1:1/none",
    ),
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Set the environment that leads to the servers, or to none."""
    # Before the other plugins load: pytest-django reads the settings in this hook, and the settings read the
    # environment. Workers of xdist inherit it.
    if _only_unit_tests(early_config.known_args_namespace.file_or_dir):
        os.environ.update(_WITHOUT_SERVERS)
    else:
        _start_servers(early_config)
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a unit test on a server in every run, not just in one without servers."""
    for item in items:
        asked = _ON_SERVERS & set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db"):
            asked.add("django_db")
        if UNIT in item.path.parts and asked:
            raise pytest.UsageError(
                f"{item.nodeid} asks for {', '.join(sorted(asked))}, "
                f"but tests in a folder `{UNIT}` run without servers. Move it to a file in the folder `tests` above."
            )


def _only_unit_tests(arguments: list[str]) -> bool:
    return bool(arguments) and all(UNIT in Path(each.partition("::")[0]).parts for each in arguments)


def _start_servers(early_config: pytest.Config) -> None:
    # Here, because they cost a run of unit tests a tenth of a second to import.
    from rhivo.local.server_programs import NoServer  # noqa: PLC0415
    from rhivo.testing.real_servers.throwaway import already_there, servers  # noqa: PLC0415

    if not already_there():
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        try:
            os.environ.update(stack.enter_context(servers()))
        except NoServer as problem:
            raise pytest.UsageError(str(problem)) from problem
