"""When each request is sent: at a rate whatever becomes of those before, or the next when the last was answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

Act = Callable[[float], Awaitable[None]]
"""Is given the moment from which its latency counts, on the clock of the pace."""


class Clock(Protocol):
    def now(self) -> float: ...

    async def until(self, moment: float) -> None: ...


class LoopClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def until(self, moment: float) -> None:
        """Lets others run in any case, so that a late generator still hears the answers."""
        await asyncio.sleep(max(0.0, moment - self.now()))


class Pace(Protocol):
    def __str__(self) -> str: ...

    @property
    def connections(self) -> int: ...

    async def run(self, act: Act, *, seconds: float, stopping: asyncio.Event, clock: Clock) -> None:
        """Until the last request is answered."""


@dataclass(frozen=True)
class Rate:
    """An open loop. A request that should have been sent while the one before stalled has waited since then."""

    per_second: float

    def __str__(self) -> str:
        return f"{self.per_second:g}/s"

    @property
    def connections(self) -> int:
        return 1000

    async def run(self, act: Act, *, seconds: float, stopping: asyncio.Event, clock: Clock) -> None:
        started = clock.now()
        async with asyncio.TaskGroup() as group:
            for number in range(round(self.per_second * seconds)):
                due = started + number / self.per_second
                await clock.until(due)
                if stopping.is_set():
                    break
                group.create_task(_acting(act, due))


@dataclass(frozen=True)
class Connections:
    """A closed loop, for the peak. Its latencies hide how long a request waited to be sent at all."""

    connections: int

    def __str__(self) -> str:
        return f"{self.connections} conn"

    async def run(self, act: Act, *, seconds: float, stopping: asyncio.Event, clock: Clock) -> None:
        until = clock.now() + seconds

        async def one_after_the_other() -> None:
            while (now := clock.now()) < until and not stopping.is_set():
                await act(now)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(one_after_the_other())


async def _acting(act: Act, due: float) -> None:
    await act(due)
