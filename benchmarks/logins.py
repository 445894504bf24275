"""`python -m benchmarks.logins`: how many log-ins a second, and what a flood of them does to everybody else.

Needs a stack without rate limits: `RATE_LIMITS=off ./taskmesh up --detach`.
"""

import asyncio
import itertools
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import uvloop

from load.account import login, register
from load.client import Client
from load.pace import LoopClock, Rate
from load.requests import Answer, Request
from load.yardstick import hashes_per_second
from ops.state import running_state

SECONDS = 15.0
TURNS = 3  # calm and flooded, because the machine drifts
ACCOUNTS = 20
AT_ONCE = 16
FLOOD = 3.4  # times the bare rate: 200 log-ins a second where the machine hashes 59

Look = Callable[[], Awaitable[None]]


class People:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: list[str] = []
        self._next = itertools.count()
        self.statuses: Counter[int | None] = Counter()

    async def register(self) -> None:
        self._names = [await register(self._client) for _ in range(ACCOUNTS)]

    async def log_in(self) -> Answer:
        answer = await self._client.send(login(self._names[next(self._next) % ACCOUNTS]))
        self.statuses[answer.status] += 1
        return answer

    async def throughput(self) -> float:
        """Log-ins that succeeded a second, with so many at once that nobody waits for work."""
        self.statuses.clear()
        until = time.perf_counter() + SECONDS

        async def one_after_the_other() -> None:
            while time.perf_counter() < until:
                await self.log_in()

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        return self.statuses[200] / SECONDS

    async def flood(self, rate: float, until: float) -> None:
        """So many a second, whatever becomes of those before."""

        async def act(_: float) -> None:
            await self.log_in()

        seconds = until - time.perf_counter()
        await Rate(rate).run(act, seconds=seconds, stopping=asyncio.Event(), clock=LoopClock())


async def look_at(looks: dict[str, Look], until: float, seen: defaultdict[str, list[float]]) -> None:
    """Adds the milliseconds of each kind of request, made now and then until the time is over."""
    while time.perf_counter() < until:
        for name, look in looks.items():
            started = time.perf_counter()
            await look()
            seen[name].append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.02)


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def memory(pid: int) -> float:
    """Resident, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


async def main() -> None:
    state = running_state()
    if state is None:
        sys.exit("Start the stack first: RATE_LIMITS=off ./taskmesh up --detach")
    pid = state["services"]["auth_worker"]["pid"]
    bare = await asyncio.to_thread(hashes_per_second, 5.0)
    print(f"bare argon2id        {bare:6.1f} hashes/s on {os.cpu_count()} cores")
    client = Client(state["urls"]["gateway_url"])
    people = People(client)
    await people.register()
    rate = await people.throughput()
    print(f"log-ins              {rate:6.1f} a second, {rate / bare:.2f} of the bare rate {dict(people.statuses)}")

    tokens = orjson.loads((await people.log_in()).body)
    as_caller = client.as_(tokens["access_token"])
    others: Counter[int | None] = Counter()

    async def list_tasks() -> None:
        others[(await as_caller(Request("GET", "/v1/tasks"))).status] += 1

    async def refresh() -> None:
        body = orjson.dumps({"refresh_token": tokens["refresh_token"]})
        answer = await client.send(Request("POST", "/v1/auth/refresh", body))
        others[answer.status] += 1
        if answer.accepted:
            tokens.update(orjson.loads(answer.body))

    looks: dict[str, Look] = {"tasks": list_tasks, "refresh": refresh}
    calm: defaultdict[str, list[float]] = defaultdict(list)
    flooded: defaultdict[str, list[float]] = defaultdict(list)
    before = memory(pid) if pid else 0.0
    people.statuses.clear()
    for _ in range(TURNS):
        await look_at(looks, time.perf_counter() + SECONDS, calm)
        until = time.perf_counter() + SECONDS
        await asyncio.gather(look_at(looks, until, flooded), people.flood(FLOOD * bare, until))
    for name in looks:
        usual, worse = p99(calm[name]), p99(flooded[name])
        print(f"{name:8} p99         {usual:6.1f} ms calm, {worse:6.1f} ms in the flood, {worse / usual:.1f} times")
    print(f"the flood            {FLOOD * bare:.0f} log-ins a second were answered {dict(people.statuses)}")
    print(f"tasks and refresh    were answered {dict(others)}")
    print(f"auth_worker          {before:6.1f} MiB before, {memory(pid) if pid else 0.0:6.1f} MiB after")
    client.close()


if __name__ == "__main__":
    uvloop.run(main())
