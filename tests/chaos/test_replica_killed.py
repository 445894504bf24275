"""kill -9 of one of two workers under load: the other carries on with what it held."""

import asyncpg

from tests.chaos.load import check, check_events, load
from tests.eventually import eventually
from tests.running import Running


async def test_one_of_two_workers_dies(running: Running, superuser: asyncpg.Connection) -> None:
    await running.start("task_worker", replica="task_worker-2")
    async with load(running, rate=40) as attempts:
        await eventually(lambda: attempts.statuses()[201] >= 40, within=20)
        running.kill("task_worker")
        acknowledged = attempts.statuses()[201]
        await eventually(lambda: attempts.statuses()[201] >= acknowledged + 80, within=20)
    await eventually(lambda: check_events(superuser), within=30)
    await check(attempts, superuser)
    assert attempts.statuses()[503] == 0
