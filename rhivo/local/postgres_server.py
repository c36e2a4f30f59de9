"""A PostgreSQL cluster on 127.0.0.1 as a child process.

It starts and stops the server and knows its superuser. `rhivo.db.roles` makes Rhivo's databases and roles in it.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from rhivo.local.processes import Child, free_port, port_is_free, started_at, tail, wait_until
from rhivo.local.server_account import Account, unprivileged_account
from rhivo.local.server_programs import SHARED_HOME, NoServer, PostgresPrograms, find_postgres

SUPERUSER = "rhivo_admin"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket: its path may have 107 bytes at most, and that of a checkout may be longer.
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests: a crash of the machine loses the data, a crash of the server does not.
_SETTINGS_WITHOUT_FSYNC = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
# From the server's log. Another process holds the port, or the last processes of a killed server hold its memory.
_PASSING_TROUBLES = ("still in use", "Address already in use", "could not create any TCP/IP sockets", 'lock file "')


class PostgresServer:
    """The cluster of `data_dir`, made at the first start. The caller sees that no other process uses `data_dir`.

    `home` is where it really lies: in /var/lib/rhivo, if this is root and the user who runs PostgreSQL cannot reach
    `data_dir`. `fsync=False` is for data that may be lost.
    """

    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, fsync: bool = True) -> None:
        self._account = _account()
        self.home = _home(data_dir.absolute(), self._account)
        self.version = ""
        self._fsync = fsync
        self._port = 0
        self._child: Child | None = None
        self._adopted: _Postmaster | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def url(self) -> str:
        """Return the URL by which the superuser logs in to the maintenance database."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self._port}/postgres"

    @property
    def running(self) -> bool:
        return self._child.running if self._child else self._adopted is not None and self._adopted.alive

    def tail(self) -> str:
        return tail(self.log)

    def start(self) -> str:
        """Return the URL once it accepts connections; raise NoServer with the reason if it does not.

        A server that a killed launcher left behind is taken over; one that is shutting down is waited for.
        """
        # The programs of the version that made the cluster: no other can read its files.
        programs = find_postgres(self._major()).reachable_by(self._account)
        self.version = programs.version
        self._make_home()
        if not self._adopt():
            self._initialise(programs)
            self._launch(programs)
        return self.url

    def stop(self) -> None:
        """Shut down: clients are disconnected, nothing is lost."""
        if self._child:
            # SIGINT is PostgreSQL's fast shutdown. At SIGTERM it would wait until every client has left by itself.
            self._child.stop(signal.SIGINT, grace=60)
        elif self._adopted:
            self._adopted.stop()
        self._child = self._adopted = None

    def kill(self) -> None:
        """End it at once, without waiting; the next start replays the journal."""
        # SIGQUIT, not SIGKILL: the server ends its processes too. They lead process groups of their own, so a
        # signal to that of the server would miss them.
        if self._child and self._child.process.returncode is None:
            self._child.process.send_signal(signal.SIGQUIT)

    def wipe(self) -> None:
        """Delete all of it, after a server that was left behind has stopped."""
        if left_behind := _Postmaster.of(self.data):
            left_behind.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self._account:  # others may pass through, but not list it: root's umask may allow neither
            self.home.chmod(0o711)

    def _major(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _password(self) -> str:
        return (self.home / "password").read_text()

    def _adopt(self) -> bool:
        """Take over a server that runs on this cluster already; return False if none does in the end."""
        postmaster = _Postmaster.of(self.data)
        if postmaster is None:
            return False
        self._port = postmaster.port
        # On Linux it got a signal when its launcher died, and is about to end. Elsewhere it serves on.
        wait_until(lambda: not postmaster.alive or (not postmaster.stopping and self._accepts()), seconds=60)
        if not postmaster.alive:
            return False
        if not self._accepts():
            raise NoServer(f"The PostgreSQL of process {postmaster.pid} uses {self.data} and accepts no connection.")
        self._adopted = postmaster
        return True

    def _initialise(self, programs: PostgresPrograms) -> None:
        if self.data.exists():
            return
        # Under another name first: an interrupted start leaves no half-made cluster that the next one takes for whole.
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = _write_secret(self.home / "password", secrets.token_urlsafe(24))
        # initdb runs as the unprivileged user, fills the folder and reads the password. The server does not need it.
        self._hand_over(unfinished, password)
        self._run_initdb(programs, unfinished, password)
        if self._account:
            os.chown(password, os.geteuid(), os.getegid())
        unfinished.rename(self.data)

    def _hand_over(self, *paths: Path) -> None:
        if account := self._account:
            for path in paths:
                os.chown(path, account.uid, account.gid)

    def _run_initdb(self, programs: PostgresPrograms, cluster: Path, password: Path) -> None:
        command: list[str | Path] = [programs.folder / "initdb", "-D", cluster, "-U", SUPERUSER]
        # A file, because everybody can read a command line. Locale C sorts alike on every machine.
        command += ["--pwfile", password, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        if not self._fsync:
            command.append("--no-sync")
        initdb = self._spawn("initdb", command, self.home / "initdb.log")
        try:
            initdb.process.wait()
        finally:
            initdb.stop()
        if initdb.process.returncode:
            raise NoServer(f"PostgreSQL could not make its cluster in {self.home}:\n{initdb.tail()}")

    def _launch(self, programs: PostgresPrograms) -> None:
        """Start it, again if the trouble is one that passes; raise NoServer if it lasts 30 seconds."""
        deadline = time.monotonic() + 30
        while not self._launch_once(programs):
            passing = any(trouble in tail(self.log) for trouble in _PASSING_TROUBLES)
            if not passing or time.monotonic() > deadline:
                raise NoServer(f"PostgreSQL did not start ({self.log}):\n{tail(self.log)}")
            time.sleep(0.3)

    def _launch_once(self, programs: PostgresPrograms) -> bool:
        self._port = self._choose_port()
        settings = _SETTINGS | ({} if self._fsync else _SETTINGS_WITHOUT_FSYNC)
        command: list[str | Path] = [programs.folder / "postgres", "-D", self.data, "-p", str(self._port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._child = child = self._spawn("postgres", command, self.log)
        # Long, because after a crash the server accepts nobody until it has replayed its journal.
        wait_until(lambda: not child.running or self._accepts(), seconds=300)
        return child.running and self._accepts()

    def _spawn(self, name: str, command: list[str | Path], log: Path) -> Child:
        # Not os.environ, which holds secrets that the server need not know. In English, for _PASSING_TROUBLES.
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        user, group = (self._account.uid, self._account.gid) if self._account else (None, None)
        try:
            return Child.spawn(
                name,
                command,
                log=log,
                env=env,
                cwd=self.home,
                user=user,
                group=group,
                orphan_signal=signal.SIGINT,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NoServer(f"{command[0]} does not run: {error}") from error

    def _choose_port(self) -> int:
        # That of the last start, if it is free: a URL that somebody noted stays good.
        note = self.home / "port"
        with contextlib.suppress(FileNotFoundError, ValueError):
            if port_is_free(port := int(note.read_text())):
                return port
        note.write_text(str(port := free_port()))
        return port

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass(frozen=True)
class _Postmaster:
    """A server process that this launcher did not start, known from its `postmaster.pid`."""

    data: Path
    pid: int
    port: int
    started: str

    @classmethod
    def of(cls, data: Path) -> "_Postmaster | None":
        """Return the server that runs on a cluster, None if none does."""
        note = data / "postmaster.pid"
        try:
            lines = note.read_text().splitlines()
        except FileNotFoundError:
            return None
        # PostgreSQL's pidfile.h: line 1 is the pid, line 4 the port, line 8 the status.
        pid, port = int(lines[0]), int(lines[3]) if len(lines) > 3 else 0
        started = started_at(pid)
        if started is None:
            # The note stays: from it PostgreSQL finds out whether processes of that server still use its memory.
            return None
        if not _runs_cluster(pid, data):
            # The pid is another program's by now. A new server would take that for the old one and refuse to start.
            note.unlink()
            return None
        return cls(data, pid, port, started)

    @property
    def alive(self) -> bool:
        return started_at(self.pid) == self.started

    @property
    def stopping(self) -> bool:
        with contextlib.suppress(FileNotFoundError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[7].startswith("stopping")
        return True

    def stop(self) -> None:
        # First the fast shutdown, then the immediate one; nobody waits for it for ever.
        for how, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10)):
            if self.alive:
                os.kill(self.pid, how)
            if wait_until(lambda: not self.alive, seconds=seconds):
                return


def _runs_cluster(pid: int, data: Path) -> bool:
    try:
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        # No /proc, or it is not ours to read. Then it counts as the server: a second one must not start beside it.
        return True


def _account() -> Account | None:
    try:
        return unprivileged_account()
    except LookupError as error:
        raise NoServer(
            f"PostgreSQL refuses to run as root, and {error}.\n"
            "Start Rhivo as an ordinary user, or name a running server: "
            "DATABASE_URL=postgresql://admin:password@host/postgres"
        ) from error


def _home(data_dir: Path, account: Account | None) -> Path:
    if account is None:
        return data_dir
    # One folder for each data_dir, found again at the next start. Once it is there it is used: the data is in it.
    elsewhere = SHARED_HOME / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    if elsewhere.exists():
        return elsewhere
    # data_dir itself is made later, so ask for the folder in which it will be made.
    existing = next(folder for folder in data_dir.parents if folder.exists())
    return data_dir if account.can_enter(existing) else elsewhere


def _write_secret(path: Path, secret: str) -> Path:
    path.unlink(missing_ok=True)
    # Made with its mode: after a chmod() somebody might have opened it before. O_EXCL follows no link that lies there.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    return path
