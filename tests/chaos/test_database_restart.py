"""kill -9 of Postgres under load. Nobody of ours is restarted: they find back by themselves."""

import time

import asyncpg

from ops.postgres import Postgres
from tests.chaos.load import check, check_events, load
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.running import Running


async def test_postgres_dies_and_comes_back(running: Running, postgres: Postgres, addresses: Addresses) -> None:
    pids = {name: service.pid for name, service in running.services.items()}
    async with load(running) as attempts:
        await eventually(lambda: attempts.statuses()[201] >= 25, within=20)
        await postgres.kill()
        await eventually(lambda: attempts.statuses()[503] >= 25, within=20)

        headers = {"Authorization": f"Bearer {attempts.token}"}
        started = time.monotonic()
        async with running.http.post("/v1/tasks", json={"title": "x"}, headers=headers) as response:
            problem = await response.json()
        assert time.monotonic() - started < 0.2
        assert (response.status, problem["code"]) == (503, "database-unavailable")

        await postgres.start()
        acknowledged = attempts.statuses()[201]
        await eventually(lambda: attempts.statuses()[201] >= acknowledged + 25, within=30)
    connection = await asyncpg.connect(addresses.superuser_url)
    try:
        await eventually(lambda: check_events(connection), within=30)
        await check(attempts, connection)
        assert await connection.fetchval("SELECT count(*) FROM notifier.dead_letter") == 0
    finally:
        await connection.close()
    assert {name: service.pid for name, service in running.services.items()} == pids
