"""More than can be served: what is served stays as much, what is refused is refused at once, and it ends when the load does."""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.traffic import Attempt, Traffic
from tests.chaos.world import World, usage

_REFUSALS = {429, 503}
_TIMES = 3
_MEMORY = 1.25  # of what the gateway held under its peak


@dataclass(frozen=True)
class Overload:
    peak: float
    """Changes and reads a second that one more request would not have made more."""
    goodput: float
    """The same at three times that rate."""
    accepted_p99: float
    refused: int
    refused_p50: float
    refused_p99: float
    without_retry_after: int
    memory: float
    recovery: float
    smallest_share: float = 0.9

    @property
    def good(self) -> bool:
        return (
            self.goodput >= self.smallest_share * self.peak
            and self.accepted_p99 <= 5.5
            and self.without_retry_after == 0
            and self.memory <= _MEMORY
            and self.recovery <= 3
        )

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, **asdict(self)}

    def as_text(self) -> str:
        return (
            f"{'good' if self.good else 'NOT GOOD'}: served {self.goodput:.0f}/s at {_TIMES} times the peak of "
            f"{self.peak:.0f}/s ({self.goodput / self.peak:.0%}), p99 of what was accepted {self.accepted_p99:.2f} s\n"
            f"{self.refused} refused, half within {self.refused_p50 * 1000:.0f} ms, "
            f"p99 {self.refused_p99 * 1000:.0f} ms, {self.without_retry_after} without Retry-After\n"
            f"memory of the gateway {self.memory:.2f} times that at the peak; "
            f"answers again as ever {self.recovery:.1f} s after the load"
        )


async def overload(world: World, *, seconds: float) -> Overload:
    pid = world.running.services["gateway"].pid
    assert pid is not None
    world.traffic.end()
    await world.quiet()
    peak = await _peak(world, seconds=min(seconds / 4, 10))
    _, before = usage(pid)
    attempts = await _load(world, peak * _TIMES, seconds)
    ended = time.monotonic()
    _, after = usage(pid)
    recovered = await _load(world, max(1.0, peak / 10), 2)
    bad = [each.ended for each in recovered if each.status not in (200, 201)]
    served = [each.seconds for each in attempts if each.status in (200, 201)]
    refused = sorted(each.seconds for each in attempts if each.status in _REFUSALS)
    return Overload(
        peak=peak,
        goodput=len(served) / seconds,
        accepted_p99=_quantile(served, 0.99),
        refused=len(refused),
        refused_p50=_quantile(refused, 0.5),
        refused_p99=_quantile(refused, 0.99),
        without_retry_after=sum(1 for each in attempts if each.status in _REFUSALS and not each.retry_after),
        memory=after / before,
        recovery=max(bad, default=ended) - ended,
    )


async def _peak(world: World, *, seconds: float) -> float:
    """Doubles the rate until less than nine in ten are served within a second."""
    rate, best = 50.0, 1.0
    while True:
        attempts = await _load(world, rate, seconds)
        served = sum(1 for each in attempts if each.status in (200, 201)) / seconds
        quick = sum(1 for each in attempts if each.status in (200, 201) and each.seconds < 1)
        best = max(best, served)
        if quick < 0.9 * len(attempts):
            return best
        rate *= 1.6


async def _load(world: World, rate: float, seconds: float) -> list[Attempt]:
    traffic = Traffic(world.running, world.traffic.token, rate=rate, seed=int(rate))
    task = asyncio.create_task(traffic.run())
    await world.lasts(seconds)
    traffic.end()
    await task
    return traffic.attempts


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0
