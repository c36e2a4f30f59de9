"""What the docs tell people to type does what they say: the commands are run as they stand there."""

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from rhivo.testing.database import as_role
from rhivo.testing.real_servers.web_server import CHECKOUT, Server

SHELL = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
TWIN = "barber-of-the-docs"
PAGES = [
    *(CHECKOUT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
]


READ_BY_SETTINGS = re.compile(r"\benv(?:\.\w+)?\(\s*\"([A-Z_]+)\"")
NAMED_IN_SETTINGS = re.compile(r"\"((?:[A-Z]+_)?DATABASE_URL|SECRET_KEY|JWT_SECRET)\"")
VARIABLE = re.compile(r"`([A-Z_]{4,})`")


def commands_in(page: str) -> str:
    return "\n".join(SHELL.findall((CHECKOUT / page).read_text()))


def run(script: str, server: Server) -> str:
    script = script.replace("localhost:8000", f"127.0.0.1:{server.port}").replace("blue-barber", TWIN)
    done = subprocess.run(["sh", "-eu"], input=script, capture_output=True, text=True, cwd=CHECKOUT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def barber(transactional_db: None, tmp_path: Path) -> None:
    """A twin of the demo's barber: the demo itself is other tests' business."""
    twin = tmp_path / "barber.yaml"
    twin.write_text(
        (CHECKOUT / "rhivo" / "shell" / "demo_data" / "blue-barber.yaml").read_text().replace("blue-barber", TWIN)
    )
    with as_role("worker"):
        call_command("import_business", str(twin), verbosity=0)


def test_the_four_requests_of_a_booking_book_and_cancel_it(server: Server, barber: None) -> None:
    said = run(commands_in("docs/api.md"), server)
    assert '"status":"confirmed"' in said
    assert '"status":"canceled"' in said.splitlines()[-1]


def test_the_readme_asks_the_api_what_it_answers(server: Server, barber: None) -> None:
    curls = [line for line in commands_in("README.md").splitlines() if "curl" in line]
    said = run("\n".join(curls), server)
    assert '"slug":"cut"' in said
    assert '"timezone":"Europe/Rome"' in said


@pytest.mark.parametrize("doc", PAGES, ids=lambda doc: str(doc.relative_to(CHECKOUT)))
def test_every_link_of_a_page_leads_somewhere(doc: Path) -> None:
    broken = [link for link in LINK.findall(doc.read_text()) if not (doc.parent / link).exists()]
    assert broken == []


def settings_read() -> set[str]:
    settings = (CHECKOUT / "rhivo" / "settings.py").read_text()
    return {*READ_BY_SETTINGS.findall(settings), *NAMED_IN_SETTINGS.findall(settings)}


def first_column(page: str) -> set[str]:
    """Return the variables that the table of settings documents."""
    table = page.partition("| variable |")[2].partition("\n\n")[0]
    return {name for row in table.splitlines() for name in VARIABLE.findall(row.split("|")[1] if "|" in row else "")}


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    documented = first_column((CHECKOUT / "docs" / "operating.md").read_text())
    assert documented == settings_read() | {"ADMIN_DATABASE_URL", "RHIVO_POSTGRES_BIN"}


def test_every_variable_of_the_example_is_handed_on_and_every_one_handed_on_is_read() -> None:
    compose = (CHECKOUT / "docker-compose.yml").read_text()
    promised = set(re.findall(r"^(?:# )?([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE))
    assert promised == set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", compose))
    shared = compose.partition("x-settings:")[2].partition("x-after-setup:")[0]
    handed_on = set(re.findall(r"^  ([A-Z_]+):", shared, re.MULTILINE))
    assert handed_on - settings_read() == set()
