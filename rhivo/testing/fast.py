"""What can be known in seconds, without a server: `make fast`. Arguments go to pytest.

It lints what differs from main (from HEAD on main itself) and runs every test in a folder `unit`.
"""

import subprocess
import sys
from pathlib import Path

from rhivo.testing.plugin import UNIT

_CHECKOUT = Path(__file__).resolve().parents[2]


def main(pytest_arguments: list[str]) -> int:
    """Return 0 if all is well; lint and tests run side by side and both are shown whole."""
    tests = [str(folder) for folder in sorted(_CHECKOUT.glob(f"*/tests/{UNIT}"))]
    lint = [_start("ruff", *words, *changed) for words in _RUFF] if (changed := changed_files()) else []
    # Without the browser plugin: it costs time to import, and no unit test drives a browser.
    failed = _start("pytest", "-p", "no:playwright", *tests, *pytest_arguments).wait() != 0
    codes = [process.wait() for process in lint]  # a list: all are waited for, also after one has failed
    return int(any(codes) or failed)


_RUFF = (("check", "--quiet"), ("format", "--check", "--quiet"))


def changed_files() -> list[str]:
    """Return the Python files that are new or differ, committed or not."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    differing = _git("diff", "--name-only", "--diff-filter=d", base[0], "--", "*.py")
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard", "--", "*.py")})


def _git(*words: str) -> list[str]:
    """Return the lines that git answers, none where it knows nothing: no main, no repository, no commit."""
    done = subprocess.run(["git", *words], cwd=_CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.splitlines() if done.returncode == 0 else []


def _start(module: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *words], cwd=_CHECKOUT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
