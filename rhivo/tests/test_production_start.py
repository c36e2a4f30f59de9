"""A production web process: what it refuses to start without."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from rhivo.checks import static_files_are_collected
from rhivo.testing.real_servers.web_server import CHECKOUT

MANIFEST_STORAGE = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}


def collect(folder: Path, *, without: str = "") -> None:
    """Write the manifest that collectstatic leaves; the files themselves are not asked for."""
    names = {name for finder in get_finders() for name, _ in finder.list([])} - {without}
    manifest = {"paths": {name: name for name in names}, "version": "1.1", "hash": ""}
    (folder / "staticfiles.json").write_text(json.dumps(manifest))


@pytest.fixture
def static_root(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": MANIFEST_STORAGE}
    return tmp_path


def test_static_files_that_are_not_collected_are_an_error_with_the_cure(static_root: Path) -> None:
    [found] = static_files_are_collected()
    assert found.id == "rhivo.E006"
    assert "collectstatic" in str(found.hint)


def test_a_static_file_that_came_after_the_collecting_is_an_error(static_root: Path) -> None:
    collect(static_root, without="back-office.css")
    [found] = static_files_are_collected()
    assert found.msg == "Static files are not collected: back-office.css."


def test_collected_static_files_pass(static_root: Path) -> None:
    collect(static_root)
    assert static_files_are_collected() == []


def test_what_collectstatic_leaves_passes(static_root: Path) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    assert static_files_are_collected() == []


def test_without_a_manifest_to_keep_nothing_need_be_collected() -> None:
    assert static_files_are_collected() == []


PRODUCTION = {
    "RHIVO_ENV": "production",
    "RHIVO_DB_ROLE": "app",
    "SECRET_KEY": "unused" * 10,
    "JWT_SECRET": "unused" * 10,
    "EMAIL_URL": "smtp://127.0.0.1:1",
}


def start(static_root: Path, **changed: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | PRODUCTION | {"STATIC_ROOT": str(static_root)} | changed
    environment.pop("RHIVO_THROTTLE", None)
    command = [sys.executable, "-c", "import rhivo.wsgi"]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.usefixtures("db")
def test_the_web_process_starts_with_collected_static_files_and_not_without(tmp_path: Path) -> None:
    refused = start(tmp_path)
    assert refused.returncode == 1
    assert "rhivo.E006" in refused.stderr
    assert "collectstatic --no-input" in refused.stderr
    collect(tmp_path)
    started = start(tmp_path)
    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.usefixtures("db")
def test_the_web_process_does_not_start_without_a_mail_server_and_redis(tmp_path: Path) -> None:
    collect(tmp_path)
    refused = start(tmp_path, EMAIL_URL="", REDIS_URL="")
    assert refused.returncode == 1
    assert "rhivo.E007" in refused.stderr
    assert "rhivo.E008" in refused.stderr


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_the_worker_and_beat_do_not_start_without_a_mail_server(process: str) -> None:
    environment = os.environ | PRODUCTION | {"RHIVO_DB_ROLE": "worker", "EMAIL_URL": ""}
    environment.pop("RHIVO_THROTTLE", None)
    command = [sys.executable, "-m", "celery", "-A", "rhivo", process]
    refused = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "rhivo.E007" in refused.stderr
