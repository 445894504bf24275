"""Who is sent the requests, and one measurement of him."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass

from load import cpu
from load.measurement import Measurement, Result
from load.pace import LoopClock, Pace
from load.requests import Requests, Send


@dataclass(frozen=True)
class Target:
    name: str
    send: Send
    parts: cpu.Parts


async def measure(target: Target, requests: Requests, pace: Pace, *, seconds: float, stopping: asyncio.Event) -> Result:
    """As far as it came when `stopping` is set."""
    clock, measured = LoopClock(), Measurement()

    async def act(due: float) -> None:
        answer = await target.send(requests())
        measured.record(answer, clock.now() - due)

    before, began = cpu.seconds(target.parts), clock.now()
    progress = asyncio.create_task(show_progress(f"{target.name} {pace}", measured))
    try:
        await pace.run(act, seconds=seconds, stopping=stopping, clock=clock)
    finally:
        progress.cancel()
        with suppress(asyncio.CancelledError):
            await progress
    took = clock.now() - began
    used = cpu.used(before, cpu.seconds(target.parts))
    return measured.result(target.name, str(pace), took, used)


async def show_progress(what: str, measured: Measurement) -> None:
    """A line each second, on stderr: stdout is for the report."""
    accepted, second = 0, 0
    while True:
        await asyncio.sleep(1)
        second += 1
        now, refused = measured.accepted, measured.answered - measured.accepted
        sys.stderr.write(f"{what}  {second:>3} s  {now:>8,} accepted  {now - accepted:>6,}/s  {refused:,} refused\n")
        accepted = now
