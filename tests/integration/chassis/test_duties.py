"""One replica leads; when it is gone another does, and what was not committed is done by that one."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.duties import Done, Duties, Duty
from chassis.subscription import Delivery
from contracts.files import EraseFile
from tests.conftest import Addresses
from tests.eventually import eventually


class Replica:
    """Counts how often it did its duty, and tells of each time."""

    def __init__(self, addresses: Addresses, name: str) -> None:
        self.done = 0
        duties = Duties(
            addresses.database_url("task_worker"),
            [Duty("count", 0.05, self._perform)],
            service=name,
            committed=lambda: None,
        )
        self._running = asyncio.create_task(duties.keep())

    async def _perform(self, _: Delivery) -> Done:
        self.done += 1
        return Done(0, [EraseFile(file_id=uuid7())])

    async def stop(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])


@pytest.fixture
async def replicas(addresses: Addresses) -> AsyncIterator[tuple[Replica, Replica]]:
    """The first leads."""
    first = Replica(addresses, "first")
    await eventually(lambda: first.done > 2)
    second = Replica(addresses, "second")
    yield first, second
    await first.stop()
    await second.stop()


async def test_a_standby_leads_when_the_leader_stops(replicas: tuple[Replica, Replica]) -> None:
    first, second = replicas
    await eventually(lambda: first.done > 10)
    assert second.done == 0
    await first.stop()
    done = first.done
    await eventually(lambda: second.done > 2)
    assert first.done == done


async def test_a_leader_whose_session_is_ended_leads_no_longer(
    replicas: tuple[Replica, Replica], superuser: asyncpg.Connection
) -> None:
    """As when its host is gone: what it had not committed was not done, and what it did was told."""
    first, second = replicas
    ended = await superuser.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'first duties'"
    )
    assert ended == 1
    done = first.done + second.done
    await eventually(lambda: first.done + second.done > done + 5)
    await first.stop()
    await second.stop()
    told = await superuser.fetchval("SELECT count(*) FROM tasks.outbox")
    assert first.done + second.done - told in {0, 1, 2, 3}
