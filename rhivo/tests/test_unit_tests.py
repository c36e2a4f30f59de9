"""Unit tests start no server, and a unit test that wants one is told where it belongs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[[str], tuple[int, str]]
CHECKOUT = Path(__file__).resolve().parents[2]
WITHOUT_SERVERS = """
import os
def test_it(settings):
    assert "TEST_ADMIN_URL" not in os.environ
    assert settings.DATABASES["default"]["NAME"] == "none"
"""
BARE = """
import os, psycopg
def test_it():
    psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2)
"""
BY_MARK = """
import pytest
@pytest.mark.django_db
def test_it(): ...
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one file as a unit test, as if no server had been started above."""
    for name in ("RHIVO_TEST_SERVERS", "TEST_ADMIN_URL", "DATABASE_URL"):
        monkeypatch.delenv(name)

    def outcome(code: str) -> tuple[int, str]:
        file = tmp_path / "unit" / "test_it.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
        command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "no:cacheprovider", str(file)]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return outcome


def test_unit_tests_start_no_server(run: Run) -> None:
    code, output = run(WITHOUT_SERVERS)
    assert code == 0, output


def test_a_unit_test_that_connects_by_itself_reaches_nothing(run: Run) -> None:
    code, output = run(BARE)
    assert code == 1
    assert "OperationalError" in output


@pytest.mark.parametrize("test", [BY_MARK, "def test_it(db): ...", "def test_it(transactional_db): ..."])
def test_a_unit_test_on_the_database_is_sent_to_the_folder_above(run: Run, test: str) -> None:
    code, output = run(test)
    assert code == 4
    assert "run without servers. Move it to a file in the folder `tests` above" in output
