"""kill -9 of task_worker at the worst moments: the command is carried out once, and its sender is told the truth."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.chaos.load import check_events
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.running import Running, run_services

TIMES = 2
MANY = 30


async def create(running: Running, token: str, key: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    async with running.http.post("/v1/tasks", json={"title": key}, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    "failpoint",
    [
        "worker.after_begin",
        "worker.after_handler",
        "worker.before_commit",
        "worker.after_commit",
        "worker.before_reply",
        "worker.before_ack",
    ],
)
async def test_a_worker_that_dies_at(
    failpoint: str, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    dying = {"task_worker": {"FAILPOINTS": f"{failpoint}=kill"}}
    async with run_services(addresses, keys, scratch / failpoint, extra=dying) as running:
        token = await running.register("ada")
        for time in range(TIMES):
            key = f"{failpoint}-{time}"
            request = asyncio.create_task(create(running, token, key))
            # It dies on the command, and its successor gets the same command again.
            await running.services["task_worker"].wait()
            await running.start("task_worker", FAILPOINTS="")
            status, first = await request
            assert status in (201, 504), first
            status, again = await create(running, token, key)
            assert (status, again["title"]) == (201, key)
            await running.services["task_worker"].stop()
            await running.start("task_worker", FAILPOINTS=f"{failpoint}=kill")
        await running.services["task_worker"].stop()
        await running.start("task_worker", FAILPOINTS="")
        assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == TIMES
        await eventually(lambda: check_events(superuser), within=15)


@pytest.mark.parametrize("failpoint", ["worker.before_commit", "worker.after_commit", "worker.before_ack"])
async def test_a_worker_that_dies_with_a_batch_in_its_hands(
    failpoint: str, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    names = [f"{failpoint}-{number}" for number in range(MANY)]
    async with run_services(addresses, keys, scratch / failpoint) as running:
        token = await running.register("ada")
        await running.services["task_worker"].stop()
        await running.start("task_worker", FAILPOINTS=f"{failpoint}=kill")
        requests = [asyncio.create_task(create(running, token, name)) for name in names]
        await running.services["task_worker"].wait()
        await running.start("task_worker", FAILPOINTS="")
        for status, answer in await asyncio.gather(*requests):
            assert status in (201, 504), answer
        again = await asyncio.gather(*(create(running, token, name) for name in names))
        assert [(status, answer["title"]) for status, answer in again] == [(201, name) for name in names]
        assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == MANY
        await eventually(lambda: check_events(superuser), within=15)
