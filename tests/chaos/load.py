"""A small load of creations at a fixed rate, and the account of what was promised for each."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg

from tests.running import Running

DEADLINE = 5.0  # seconds; the gateway's default
GRACE = 0.5  # seconds
EXPECTED = {201, 503, 504}


async def at_rate(rate: float, act: Callable[[], Coroutine[Any, Any, None]], *, ending: Callable[[], bool]) -> None:
    """Starts so many a second, whatever becomes of them; until `ending`, and then until the last has ended."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    async with asyncio.TaskGroup() as group:
        while not ending():
            group.create_task(act())
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - loop.time()))


@dataclass
class Attempt:
    title: str
    status: int | None = None
    """None: the connection broke."""
    seconds: float = 0.0


@dataclass
class Load:
    running: Running
    token: str
    rate: float
    attempts: list[Attempt] = field(default_factory=list)
    ending: bool = False

    async def run(self) -> None:
        await at_rate(self.rate, self._attempt, ending=lambda: self.ending)

    async def _attempt(self) -> None:
        attempt = Attempt(f"chaos {uuid4()}")
        self.attempts.append(attempt)
        started = time.monotonic()
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": attempt.title.replace(" ", "-")}
        try:
            async with self.running.http.post("/v1/tasks", json={"title": attempt.title}, headers=headers) as response:
                await response.read()
                attempt.status = response.status
        except aiohttp.ClientError:
            attempt.status = None
        attempt.seconds = time.monotonic() - started

    def statuses(self) -> Counter[int | None]:
        return Counter(attempt.status for attempt in self.attempts)


@asynccontextmanager
async def load(running: Running, *, rate: float = 25.0) -> AsyncIterator[Load]:
    """Runs beside the block; what is under way at its end is waited for."""
    load = Load(running, await running.register("ada"), rate)
    task = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.ending = True
        await task


async def check(load: Load, superuser: asyncpg.Connection) -> None:
    """Nothing acknowledged is lost, nothing is there twice, and what was certainly refused is not there."""
    rows = Counter(row["title"] for row in await superuser.fetch("SELECT title FROM tasks.tasks"))
    acknowledged = {attempt.title for attempt in load.attempts if attempt.status == 201}
    refused = {attempt.title for attempt in load.attempts if attempt.status == 503}
    assert acknowledged - rows.keys() == set(), "lost"
    assert rows.keys() - {attempt.title for attempt in load.attempts} == set(), "phantom"
    assert refused & rows.keys() == set(), "refused but done"
    assert {title for title, count in rows.items() if count > 1} == set(), "doubled"
    assert set(load.statuses()) <= EXPECTED, load.statuses()
    late = [attempt for attempt in load.attempts if attempt.seconds > DEADLINE + GRACE]
    assert late == [], "answered too late"
    assert acknowledged, "nothing was acknowledged, so nothing was shown"


async def check_events(superuser: asyncpg.Connection) -> bool:
    """One event for each row, one activity entry for each event, and nothing left to publish."""
    counts: bool = await superuser.fetchval(
        """
        SELECT (SELECT count(*) FROM tasks.tasks) = (SELECT count(*) FROM tasks.event_log)
           AND (SELECT count(*) FROM tasks.tasks) = (SELECT count(*) FROM notifier.activity WHERE resource_type = 'task')
           AND (SELECT count(*) FROM tasks.outbox) = 0
        """
    )
    return counts
