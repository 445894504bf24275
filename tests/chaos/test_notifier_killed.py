"""kill -9 of the notifier at the worst moments: nothing is lost, and what comes twice comes under the same id."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.chaos.load import check_events
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.integration.gateway.receiver import Receiver, open_receiver
from tests.running import Running, run_services

TIMES = 1


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as receiver:
        yield receiver


async def post(running: Running, token: str, path: str, body: dict[str, Any]) -> Any:
    async with running.http.post(path, json=body, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 201, await response.text()
        return await response.json()


@pytest.mark.parametrize(
    "failpoint", ["events.before_commit", "events.after_commit", "webhooks.before_send", "webhooks.after_send"]
)
async def test_a_notifier_that_dies_at(
    failpoint: str, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection, receiver: Receiver
) -> None:
    extra = {"notifier": {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}}
    async with run_services(addresses, keys, scratch / failpoint, extra=extra) as running:
        token = await running.register("ada")
        await post(running, token, "/v1/webhooks", {"url": receiver.url, "event_types": ["tasks.*"]})
        for time in range(TIMES):
            await running.services["notifier"].stop()
            await running.start_dying("notifier", FAILPOINTS=f"{failpoint}=kill")
            await post(running, token, "/v1/tasks", {"title": f"{failpoint} {time}"})
            async with asyncio.timeout(20):
                await running.services["notifier"].wait()
            # A lease of the dead one is over in a minute; a test does not wait that long.
            await superuser.execute("UPDATE notifier.webhook_deliveries SET leased_until = '-infinity'")
            await running.start("notifier", FAILPOINTS="")
            await eventually(partial(arrived, receiver, time + 1), within=20)
        bodies: dict[str, set[bytes]] = {}
        for each in receiver.received:
            bodies.setdefault(each.headers["webhook-id"], set()).add(each.body)
        assert all(len(same) == 1 for same in bodies.values())
        assert len(receiver.received) <= TIMES * 2
        await eventually(lambda: check_events(superuser), within=15)


def arrived(receiver: Receiver, count: int) -> bool:
    return len({each.headers["webhook-id"] for each in receiver.received}) == count


async def test_a_standby_takes_over_the_feed_within_seconds(
    addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    async with run_services(addresses, keys, scratch / "standby") as running:
        token = await running.register("ada")
        await running.start("notifier", replica="notifier-2")
        for number in range(20):
            await post(running, token, "/v1/tasks", {"title": f"task {number}"})
            if number == 10:
                running.kill("notifier")
        await eventually(
            lambda: superuser.fetchval("SELECT count(*) = 20 FROM notifier.activity WHERE type LIKE 'tasks.%'"),
            within=10,
        )
        positions = await superuser.fetch("SELECT position FROM notifier.activity ORDER BY position")
        assert [row["position"] for row in positions] == list(range(1, len(positions) + 1))
