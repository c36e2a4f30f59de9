"""`make mutants`: break every mechanism in turn and print which test noticed. Exit code 1 if one was not noticed."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from xml.etree import ElementTree

from rhivo.local.server_programs import NoServer
from rhivo.testing.mutants import Mutant, OutOfDate, mutants
from rhivo.testing.real_servers.throwaway import servers

_CHECKOUT = Path(__file__).resolve().parents[3]
_LANES = 2
_PATIENCE = 600


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: the test that noticed it, or why none did."""

    mutant: Mutant
    noticed_by: str
    trouble: str
    seconds: float


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [mutant for mutant in mutants() if all(word in mutant.name for word in options.words)]
    if not chosen:
        print("No mutant has these words in its name; --list shows all.", file=sys.stderr)
        return 2
    if options.list:
        for mutant in chosen:
            files = ", ".join(dict.fromkeys(change.file for change in mutant.changes))
            print(f"{mutant.name}\n    changes {files}; noticed by {', '.join(mutant.tests)}")
        return 0
    try:
        return _run(chosen)
    except (NoServer, OutOfDate) as problem:
        print(problem, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutants with all these words in their names")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    return parser


def _run(chosen: Sequence[Mutant]) -> int:
    lanes = min(_LANES, len(chosen))
    print(f"{len(chosen)} mutants, {lanes} at a time", flush=True)
    survivors = 0
    with ExitStack() as cleanup:
        free: SimpleQueue[Mapping[str, str]] = SimpleQueue()
        for _ in range(lanes):
            # A pair of servers for each lane, used by one mutant after another; a mutant's template has another
            # fingerprint.
            free.put(cleanup.enter_context(servers()))
        pool = cleanup.enter_context(ThreadPoolExecutor(lanes))
        cleanup.callback(pool.shutdown, cancel_futures=True)  # who is stopped finishes what runs, and begins nothing
        for outcome in pool.map(lambda mutant: _judged(mutant, free), chosen):
            survivors += not outcome.noticed_by
            said = f"noticed by {outcome.noticed_by}" if outcome.noticed_by else f"NOT NOTICED: {outcome.trouble}"
            print(f"{outcome.mutant.name} ({outcome.seconds:.0f} s)\n    {said}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} noticed")
    return 1 if survivors else 0


def _judged(mutant: Mutant, free: "SimpleQueue[Mapping[str, str]]") -> Outcome:
    began = time.monotonic()
    environment = free.get()
    try:
        with tempfile.TemporaryDirectory(prefix="rhivo-mutant-") as folder:
            checkout = Path(folder) / "rhivo"
            _copy(checkout)
            mutant.apply(checkout)
            _migrate(mutant, checkout)
            noticed, trouble = _test(mutant, checkout, environment)
    finally:
        free.put(environment)
    return Outcome(mutant, noticed, trouble, time.monotonic() - began)


def _migrate(mutant: Mutant, checkout: Path) -> None:
    """Write migrations of the objects that were broken, as for any change of an object."""
    for app in {change.file.split("/")[0] for change in mutant.changes if change.file.endswith(".sql")}:
        command = [sys.executable, "manage.py", "makesqlmigration", app, "mutated"]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OutOfDate(f"{mutant.name}: no migration of it can be written\n{done.stdout}{done.stderr}")


def _copy(checkout: Path) -> None:
    """Copy what git knows, and what it would take: a change that is not committed yet is tried as well."""
    for name in _files():
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(_CHECKOUT / name, target)


def _files() -> Iterator[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - whichever git there is
        cwd=_CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return (name for name in listing.stdout.split("\0") if name and (_CHECKOUT / name).is_file())


def _test(mutant: Mutant, checkout: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the test that failed first, or '' and what happened instead. One that could not start proves nothing."""
    report = checkout / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        "-k",
        mutant.only,
        *mutant.tests,
    ]
    try:
        done = subprocess.run(
            command,
            cwd=checkout,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no end after {_PATIENCE} s"
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else ()  # noqa: S314 - our own
    for case in cases:
        # Only a failure counts. An error, such as a fixture that breaks, may come of a typo in the mutant.
        if case.find("failure") is not None:
            return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}", ""
    return "", "all tests passed" if done.returncode == 0 else f"no test ran to its end\n{done.stdout[-1500:]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
