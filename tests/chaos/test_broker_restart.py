"""kill -9 of the broker under load. Nobody of ours is restarted: they find back by themselves."""

import time

import asyncpg

from ops.rabbitmq import RabbitMQ
from tests.chaos.load import check, check_events, load
from tests.eventually import eventually
from tests.running import Running


async def test_the_broker_dies_and_comes_back(
    running: Running, rabbitmq: RabbitMQ, superuser: asyncpg.Connection
) -> None:
    pids = {name: service.pid for name, service in running.services.items()}
    async with load(running) as attempts:
        await eventually(lambda: attempts.statuses()[201] >= 25, within=20)
        await rabbitmq.kill()
        await eventually(lambda: attempts.statuses()[503] >= 25, within=20)

        headers = {"Authorization": f"Bearer {attempts.token}"}
        started = time.monotonic()
        async with running.http.post("/v1/tasks", json={"title": "x"}, headers=headers) as response:
            problem = await response.json()
        assert time.monotonic() - started < 0.2
        assert (response.status, problem["code"]) == (503, "broker-unavailable")
        assert "Retry-After" in response.headers

        await rabbitmq.start()
        acknowledged = attempts.statuses()[201]
        await eventually(lambda: attempts.statuses()[201] >= acknowledged + 25, within=30)
    await eventually(lambda: check_events(superuser), within=30)
    await check(attempts, superuser)
    assert {name: service.pid for name, service in running.services.items()} == pids
