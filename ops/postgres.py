"""A private Postgres: one folder, one loopback port, one child process."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from ops import postgres_files, processes
from ops.errors import OpsError
from ops.logfile import last_lines
from ops.ports import free_port
from ops.starting import ready_within
from ops.state import cache_folder
from ops.unprivileged import account, forget, make_private, minimal_environment, reachable, write_private

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
SUPERUSER = "postgres"

# fsync stays on: what was acknowledged must survive a power cut on a developer's machine too.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "32MB",
    "jit": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_lock_waits": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """`port` 0 chooses a free one at the first start and keeps it for the later ones."""

    name = "postgres"

    def __init__(self, folder: Path, *, port: int = 0, cache: Path | None = None) -> None:
        self._account = account()
        self.folder = reachable(folder, self._account)
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.port = port
        self._cache = cache or cache_folder()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, self._kept_password(), "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{self.port}/{quote(database)}"

    async def start(self) -> None:
        self.end_orphan()
        make_private(self.folder, self._account)
        files = postgres_files.find(self._cache, self._account, kept_major=self._kept_major())
        if not self.data.exists():
            await self._initialise(files)
        self.port = self.port or free_port()
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                files.programs / "postgres",
                "-D",
                self.data,
                f"--port={self.port}",
                *settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=minimal_environment(self.folder, {}),
                start_new_session=True,
                **self._account.credentials,
            )
        async with ready_within(_START_SECONDS, "Postgres", self.log, kill=self.kill):
            await self._ready(self._process)

    async def wait(self) -> int:
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """Open transactions are rolled back and clients disconnected; what was committed is on disk."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            await self.kill()
        self._process = None

    async def kill(self) -> None:
        """As a power cut would. Returns when its backends are gone as well, so that it can be started again."""
        if self._process is None:
            return
        backends = processes.descendants(self._process.pid)
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._process = None
        left = await asyncio.to_thread(processes.wait_gone, backends, 5.0)
        await asyncio.to_thread(processes.end, left, 0.0)

    def forget(self) -> None:
        forget(self.folder)

    def end_orphan(self) -> bool:
        """Stops the Postgres that a killed supervisor left on our data."""
        recorded = self.data / "postmaster.pid"
        try:
            pid = int(recorded.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return False
        except PermissionError as denied:
            raise OpsError(
                f"{self.data} belongs to another user. Start taskmesh as the user who started it before, "
                "or set TASKMESH_STATE to a folder of your own."
            ) from denied
        orphan = processes.find(pid)
        if orphan is None:
            return False
        if str(self.data) not in orphan.command:
            recorded.unlink()  # the pid was given to a stranger, for whom Postgres would refuse to start
            return False
        backends = processes.descendants(pid)
        processes.end([orphan], _STOP_SECONDS, signal.SIGINT)
        processes.end(backends, 1.0)
        return True

    def _kept_major(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _kept_password(self) -> str:
        path = self.folder / "superuser_password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    async def _initialise(self, files: postgres_files.PostgresFiles) -> None:
        """Under another name until it is complete, so that an interrupted one is not taken for a database."""
        unfinished, password = self.folder / "data.unfinished", self.folder / "initdb_password"
        if unfinished.exists():
            await asyncio.to_thread(processes.end_matching, lambda process: str(unfinished) in process.command, 0.0)
            await asyncio.to_thread(shutil.rmtree, unfinished)
        write_private(password, self._kept_password(), self._account)
        initdb = await asyncio.create_subprocess_exec(
            files.programs / "initdb",
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--data-checksums",
            *_locale(files.major),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.folder,
            env=minimal_environment(self.folder, {}),
            start_new_session=True,
            **self._account.credentials,
        )
        try:
            output, _ = await initdb.communicate()
        except asyncio.CancelledError:
            os.killpg(initdb.pid, signal.SIGKILL)
            await initdb.wait()
            raise
        password.unlink()
        if initdb.returncode != 0:
            raise OpsError(
                f"Postgres {files.version} could not make a database in {self.folder}:\n{output.decode().strip()}"
            )
        unfinished.rename(self.data)

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        """`postmaster.pid` says so on its eighth line; pg_ctl reads it there too."""
        recorded = self.data / "postmaster.pid"
        while process.returncode is None:
            with suppress(FileNotFoundError):
                lines = recorded.read_text().splitlines()
                if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                    return
            await asyncio.sleep(0.02)
        raise OpsError(f"Postgres ended while it started.\nThe end of {self.log}:\n{last_lines(self.log)}")


def _locale(major: int) -> list[str]:
    if sys.platform == "darwin" and major < 17:
        return ["--locale=C"]
    if major < 17:
        return ["--locale=C.UTF-8"]
    surroundings = "C" if sys.platform == "darwin" else "C.UTF-8"
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={surroundings}"]
