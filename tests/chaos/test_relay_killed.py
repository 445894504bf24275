"""kill -9 between publishing an event and forgetting it: it is published again, and has one effect."""

from pathlib import Path

import asyncpg
import pytest

from tests.chaos.load import check_events
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.running import run_services


@pytest.mark.parametrize("failpoint", ["relay.after_select", "relay.before_delete"])
async def test_a_relay_that_dies_at(
    failpoint: str, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    dying = {"task_worker": {"FAILPOINTS": f"{failpoint}=kill"}}
    async with run_services(addresses, keys, scratch / failpoint, extra=dying) as running:
        headers = {"Authorization": f"Bearer {await running.register('ada')}"}
        async with running.http.post("/v1/tasks", json={"title": "Once"}, headers=headers) as response:
            assert response.status in (201, 504)
        await running.services["task_worker"].wait()
        assert await superuser.fetchval("SELECT count(*) FROM tasks.outbox") == 1
        await running.start("task_worker", FAILPOINTS="")
        await eventually(lambda: check_events(superuser), within=15)


@pytest.mark.parametrize("failpoint", ["events.before_commit", "events.after_commit"])
async def test_a_notifier_that_dies_at(
    failpoint: str, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    async with run_services(addresses, keys, scratch / failpoint) as running:
        headers = {"Authorization": f"Bearer {await running.register('ada')}"}
        await eventually(lambda: superuser.fetchval("SELECT count(*) = 2 FROM notifier.activity"))
        await running.services["notifier"].stop()
        async with running.http.post("/v1/tasks", json={"title": "Once"}, headers=headers) as response:
            assert response.status == 201
        await running.start_dying("notifier", FAILPOINTS=f"{failpoint}=kill")
        await running.services["notifier"].wait()
        await running.start("notifier", FAILPOINTS="")
        await eventually(lambda: check_events(superuser), within=15)
