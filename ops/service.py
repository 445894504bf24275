"""One of our own processes: `python -m <module>`, ready when its /readyz says so."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chassis.priority import give_way
from ops.errors import OpsError
from ops.logfile import last_lines, rotate
from ops.probes import answers
from ops.processes import group, wait_gone
from ops.state import ROOT

_STOP_SECONDS = 25.0
_KILLED_SECONDS = 5.0  # until a killed process is off the list


@dataclass
class Service:
    name: str
    module: str
    environment: Mapping[str, str]
    log: Path
    health_port: int
    spawned: Callable[[], None]
    niceness: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        rotate(self.log)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
            )
        if self.niceness:
            await asyncio.to_thread(give_way, self.niceness, leader=self._process.pid)
        self.spawned()
        while self._process.returncode is None:
            if await answers(self.health_port, "/readyz"):
                return
            await asyncio.sleep(0.05)
        code = self._process.returncode
        await self.stop()
        raise OpsError(
            f"{self.name} ended with {code} before it was ready.\nThe end of {self.log}:\n{last_lines(self.log)}"
        )

    async def wait(self) -> int:
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """The whole group in the end, so that a child of the service does not outlive it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        left = await asyncio.to_thread(group, self._process.pid)
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await asyncio.to_thread(wait_gone, left, _KILLED_SECONDS)
        self._process = None
