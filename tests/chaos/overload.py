"""More than can be served: what is served stays as much, what is refused is refused at once, and it ends when the load does."""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from load.account import Account
from load.client import Client
from load.requests import Answer, Requests
from load.scenarios import SCENARIOS
from tests.chaos.world import usage
from tests.running import Running

_REFUSALS = {429, 503}
_TIMES = 3
_MEMORY = 1.25  # of what the gateway held under its peak
_BURST = 0.002  # seconds
_AT_MOST = 10_000  # connections; nobody waits for one


@dataclass(frozen=True)
class Overload:
    peak: float
    """Requests served a second where more would not have made it more, before and after what follows."""
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
            and self.refused_p50 <= 0.02
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


@dataclass(frozen=True, slots=True)
class _Attempt:
    answer: Answer
    seconds: float
    ended: float

    @property
    def refused(self) -> bool:
        return self.answer.status in _REFUSALS


@dataclass(frozen=True)
class _Load:
    account: Account
    requests: Requests

    async def at(self, rate: float, seconds: float) -> list[_Attempt]:
        """In bursts: to wake up for every request and every answer would cost more than to send and to read it."""
        attempts: list[_Attempt] = []
        start = self.account.client.starting_as(self.account.token)

        def send() -> None:
            started = time.monotonic()

            def answered(answer: Answer) -> None:
                ended = time.monotonic()
                attempts.append(_Attempt(answer, ended - started, ended))

            start(self.requests(), answered)

        began, sent, count = time.monotonic(), 0, round(rate * seconds)
        while len(attempts) < count:
            due = min(count, int((time.monotonic() - began) * rate))
            for _ in range(sent, due):
                send()
            sent = due
            time.sleep(_BURST)  # noqa: ASYNC251  answers wait in the sockets meanwhile
            await asyncio.sleep(0)
        return attempts


async def overload(running: Running, *, seconds: float) -> Overload:
    """On an event loop of its own: the load shares the machine, and this one takes half as much of it."""
    pid = running.services["gateway"].pid
    assert pid is not None
    return await asyncio.to_thread(uvloop.run, _measure(running.url, pid, seconds))


async def _measure(url: str, pid: int, seconds: float) -> Overload:
    client = Client(url, at_most=_AT_MOST)
    account = await Account.open(client, None)
    load = _Load(account, await SCENARIOS["mixed"].prepare(account))
    short = min(seconds / 4, 10)
    rate, peak = await _peak(load, seconds=short)
    _, before = usage(pid)
    attempts = await load.at(peak * _TIMES, seconds)
    ended = time.monotonic()
    _, after = usage(pid)
    recovered = await load.at(max(1.0, peak / 10), 2)
    # Once more at the end, because the machine may be another one by then.
    peak = (peak + _served(await load.at(rate, short)) / short) / 2
    client.close()
    bad = [each.ended for each in recovered if not each.answer.accepted]
    served = [each.seconds for each in attempts if each.answer.accepted]
    refused = [each for each in attempts if each.refused]
    return Overload(
        peak=peak,
        goodput=len(served) / seconds,
        accepted_p99=_quantile(served, 0.99),
        refused=len(refused),
        refused_p50=_quantile([each.seconds for each in refused], 0.5),
        refused_p99=_quantile([each.seconds for each in refused], 0.99),
        without_retry_after=sum(1 for each in refused if not each.answer.retry_after),
        memory=after / before,
        recovery=max(bad, default=ended) - ended,
    )


async def _peak(load: _Load, *, seconds: float) -> tuple[float, float]:
    """What was asked for and what was served a second, where raising the rate no longer helped.

    Raises it until a third of what is asked for is not served.
    """
    rate, best = 50.0, (50.0, 1.0)
    while True:
        attempts = await load.at(rate, seconds)
        served = _served(attempts)
        best = max(best, (rate, served / seconds), key=lambda each: each[1])
        if served < 2 / 3 * len(attempts):
            return best
        rate *= 1.5


def _served(attempts: list[_Attempt]) -> int:
    return sum(1 for each in attempts if each.answer.accepted)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0
