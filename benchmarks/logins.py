"""`python -m benchmarks.logins`: how many log-ins a second, and what a flood of them does to everybody else.

Needs a stack without rate limits: `RATE_LIMITS=off ./taskmesh up --detach`.
"""

import asyncio
import itertools
import os
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from load.yardstick import hashes_per_second
from ops.state import running_state

SECONDS = 15.0
ACCOUNTS = 20
AT_ONCE = 16
FLOOD = 3.4  # times the bare rate: 200 log-ins a second where the machine hashes 59
PASSWORD = "Analytical-Engine-1843"

Look = Callable[[], Awaitable[None]]


class Client:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._names: list[str] = []
        self._next = itertools.count()
        self.statuses: Counter[int] = Counter()

    async def register(self) -> None:
        stem = secrets.token_hex(4)
        self._names = [f"bench-{stem}-{number}" for number in range(ACCOUNTS)]
        for name in self._names:
            body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
            async with self._http.post("/v1/auth/register", json=body) as response:
                if response.status != 201:
                    sys.exit(f"Registering was answered with {response.status}: {await response.text()}")

    async def log_in(self) -> dict[str, str]:
        body = {"username": self._names[next(self._next) % ACCOUNTS], "password": PASSWORD}
        async with self._http.post("/v1/auth/login", json=body) as response:
            self.statuses[response.status] += 1
            return dict(await response.json())

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
        self.statuses.clear()
        pending: set[asyncio.Task[dict[str, str]]] = set()
        started = time.perf_counter()
        for number in itertools.count():
            due = started + number / rate
            if due > until:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self.log_in())
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)


async def p99(looks: dict[str, Look], until: float) -> dict[str, float]:
    """Milliseconds, of each kind of request made now and then until the time is over."""
    seen: dict[str, list[float]] = {name: [] for name in looks}
    while time.perf_counter() < until:
        for name, look in looks.items():
            started = time.perf_counter()
            await look()
            seen[name].append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.02)
    return {name: statistics.quantiles(times, n=100)[98] for name, times in seen.items()}


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
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(state["urls"]["gateway_url"], connector=connector) as http:
        client = Client(http)
        await client.register()
        rate = await client.throughput()
        print(f"log-ins              {rate:6.1f} a second, {rate / bare:.2f} of the bare rate {dict(client.statuses)}")

        tokens = await client.log_in()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

        others: Counter[int] = Counter()

        async def list_tasks() -> None:
            async with http.get("/v1/tasks", headers=bearer) as response:
                others[response.status] += 1

        async def refresh() -> None:
            body = {"refresh_token": tokens["refresh_token"]}
            async with http.post("/v1/auth/refresh", json=body) as response:
                others[response.status] += 1
                if response.status == 200:
                    tokens.update(await response.json())

        looks: dict[str, Look] = {"tasks": list_tasks, "refresh": refresh}
        calm = await p99(looks, time.perf_counter() + SECONDS)
        before, until = memory(pid) if pid else 0.0, time.perf_counter() + SECONDS
        flooded, _ = await asyncio.gather(p99(looks, until), client.flood(FLOOD * bare, until))
        for name in looks:
            times = flooded[name] / calm[name]
            print(
                f"{name:8} p99         {calm[name]:6.1f} ms calm, {flooded[name]:6.1f} ms in the flood, {times:.1f} times"
            )
        print(f"the flood            {FLOOD * bare:.0f} log-ins a second were answered {dict(client.statuses)}")
        print(f"tasks and refresh    were answered {dict(others)}")
        print(f"auth_worker          {before:6.1f} MiB before, {memory(pid) if pid else 0.0:6.1f} MiB after")


if __name__ == "__main__":
    asyncio.run(main())
