"""Keeps units running: starts them, waits until they are ready, starts them again when they end."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ops.errors import OpsError

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds
_STEADY = 30.0  # seconds after which an end no longer counts as one of a series

State = Literal["starting", "ready", "restarting", "failed", "stopped"]


class Unit(Protocol):
    """One thing to keep running: a server, or a service."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    async def start(self) -> None:
        """Returns when it is ready; raises OpsError when it cannot become so."""

    async def wait(self) -> int: ...

    async def stop(self) -> None:
        """Leaves no process behind, whatever state the unit is in."""


@dataclass
class Supervised:
    unit: Unit
    attempts: int  # to become ready for the first time
    state: State = "starting"
    restarts: int = 0
    ready_once: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    task: "asyncio.Task[None] | None" = None


class Supervisor:
    def __init__(self, changed: Callable[[], None], say: Callable[[str], None]) -> None:
        self.supervised: dict[str, Supervised] = {}
        self._stages: list[list[Supervised]] = []
        self._changed = changed
        self._say = say

    def launch(self, units: Iterable[Unit], *, attempts: int = 1) -> None:
        """Together, as one stage. Stages stop in reverse order."""
        stage = [Supervised(unit, attempts) for unit in units]
        self._stages.append(stage)
        for each in stage:
            self.supervised[each.unit.name] = each
            each.task = asyncio.create_task(self._keep_running(each), name=each.unit.name)

    async def ready(self, *names: str) -> None:
        """Returns when each has been ready once; raises OpsError when one has used up its attempts."""
        await asyncio.gather(*(asyncio.shield(self.supervised[name].ready_once) for name in names))

    async def stop(self) -> None:
        for stage in reversed(self._stages):
            await asyncio.gather(*(self._stop(each) for each in stage))

    async def _stop(self, each: Supervised) -> None:
        if each.task and not each.task.done():
            each.task.cancel()
            await asyncio.wait([each.task])
        await each.unit.stop()
        each.ready_once.cancel()
        self._set(each, "stopped")

    async def _keep_running(self, each: Supervised) -> None:
        pause = _SHORTEST_PAUSE
        while True:
            began = time.monotonic()
            problem = await self._run_once(each)
            each.restarts += 1
            if not each.ready_once.done() and each.restarts >= each.attempts:
                self._set(each, "failed")
                each.ready_once.set_exception(OpsError(problem))
                return
            if time.monotonic() - began > _STEADY:
                pause = _SHORTEST_PAUSE
            self._set(each, "restarting")
            self._say(f"{problem.splitlines()[0]} Starting it again in {pause:.1f} s.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run_once(self, each: Supervised) -> str:
        """Until it ends; returns what to say about that."""
        self._set(each, "starting")
        try:
            await each.unit.start()
        except OpsError as failure:
            return str(failure)
        if not each.ready_once.done():
            each.ready_once.set_result(None)
        self._set(each, "ready")
        code = await each.unit.wait()
        await each.unit.stop()
        return f"{each.unit.name} ended with {code}."

    def _set(self, each: Supervised, state: State) -> None:
        each.state = state
        self._changed()
