"""A Valkey on 127.0.0.1 as a child process. It forgets everything when it stops: what must last is in PostgreSQL."""

import contextlib
import secrets
import shutil
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rhivo.local.processes import Child, free_port, port_is_free, tail, wait_until
from rhivo.local.server_programs import NoServer, find_valkey


class ValkeyServer:
    name = "Valkey"

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.absolute()
        self.version = ""
        self._port = 0
        self._password = secrets.token_urlsafe(24)
        self._child: Child | None = None

    @property
    def log(self) -> Path:
        return self.home / "valkey.log"

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def tail(self) -> str:
        return tail(self.log)

    def start(self) -> str:
        """Return the URL once it answers; raise NoServer with the reason if it does not."""
        program = find_valkey()
        self.home.mkdir(parents=True, exist_ok=True)
        for _ in range(5):  # another process may take the free port first
            if self._launch_once(program):
                return self.url
            time.sleep(0.1)
        raise NoServer(f"{program} did not start ({self.log}):\n{self.tail()}")

    def stop(self) -> None:
        if self._child:
            self._child.stop()
        self._child = None

    def kill(self) -> None:
        if self._child:
            self._child.kill()

    def wipe(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def _launch_once(self, program: Path) -> bool:
        # The port of the last start if it is free, so that clients of a server that was restarted find it again.
        self._port = self._port if self._port and port_is_free(self._port) else free_port()
        try:
            # The settings go in by a pipe: everybody on the machine can read a command line, and the password with it.
            self._child = child = Child.spawn("valkey", [program, "-"], log=self.log, stdin=self._settings())
        except OSError as error:
            raise NoServer(f"{program} does not run: {error}") from error
        wait_until(lambda: not child.running or self._accepts(), seconds=20)
        if child.running and self._accepts():
            return True
        child.stop()
        return False

    def _settings(self) -> bytes:
        settings = f"""
            bind 127.0.0.1
            port {self._port}
            protected-mode yes
            requirepass {self._password}
            dir "{self.home}"
            save ""
            appendonly no
            daemonize no
        """
        return settings.encode()

    def _accepts(self) -> bool:
        # The client of redis-py tries again by itself, with pauses: a server that refused to start would take long.
        once = Retry(NoBackoff(), 0)
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2, retry=once) as client,
        ):
            about = client.info("server")
            # Valkey also gives a redis_version, that of the Redis it is compatible with. Redis gives no other.
            self.version = str(about.get("valkey_version", about["redis_version"]))
            return True
        return False
