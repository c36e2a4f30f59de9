"""Everything that must hold before a change is merged: `make test`. Arguments go to pytest."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT

from rhivo.local.server_programs import NoServer
from rhivo.testing.real_servers.throwaway import servers

_CHECKOUT = Path(__file__).resolve().parents[2]
_CHECKS = {
    "types": "mypy .",
    "lint": "ruff check .",
    "format": "ruff format --check .",
    "contracts": "lint-imports",
    "templates": "djlint templates --lint --quiet",
    "models without migration": "python manage.py makemigrations --check --dry-run",
    "objects without migration": "python manage.py makesqlmigration --check",
    "migrations": "python manage.py lintmigrations",
}


@dataclass(frozen=True)
class _Outcome:
    name: str
    passed: bool
    seconds: float
    output: str


def main(pytest_arguments: list[str]) -> int:
    """Run all checks side by side, then the tests if all pass; return the exit code."""
    # Without a handler SIGTERM ends Python at once, and the servers would stay behind. 143 is 128 + SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print("Starting PostgreSQL and Valkey for the tests", flush=True)
    try:
        with servers() as environment:
            env = {**os.environ, **environment}
            if not _all_checks_pass(env):
                return 1
            tests = [*_command("python -m pytest -n 2"), *pytest_arguments]
            return subprocess.run(tests, env=env, cwd=_CHECKOUT, check=False).returncode
    except NoServer as problem:
        print(problem, file=sys.stderr)
        return 1


def _all_checks_pass(env: Mapping[str, str]) -> bool:
    failed = []
    # Threads suffice: each only waits for a process.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda name: _check(name, env), _CHECKS):
            print(f"{'ok    ' if outcome.passed else 'FAILED'} {outcome.name} ({outcome.seconds:.1f} s)", flush=True)
            if not outcome.passed:
                failed.append(outcome)
    for outcome in failed:
        print(f"\n--- {outcome.name}: {_CHECKS[outcome.name]}\n{outcome.output.rstrip()}")
    if failed:
        print("\nThe tests were not run: " + ", ".join(outcome.name for outcome in failed) + " must pass first.")
    return not failed


def _check(name: str, env: Mapping[str, str]) -> _Outcome:
    began = time.monotonic()
    done = subprocess.run(
        _command(_CHECKS[name]), env=env, cwd=_CHECKOUT, stdout=PIPE, stderr=STDOUT, text=True, check=False
    )
    return _Outcome(name, done.returncode == 0, time.monotonic() - began, done.stdout)


def _command(line: str) -> list[str]:
    """Return a command line whose program is the one of this interpreter's environment."""
    program, *arguments = line.split()
    # The programs stand beside the interpreter, whether its environment is activated or not.
    return [str(Path(sys.executable).parent / program), *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
