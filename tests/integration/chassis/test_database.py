"""A connection is used again when its last user left it as it was, and never otherwise."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from chassis.database import Database, open_database
from ops.postgres import Postgres
from tests.conftest import PASSWORDS
from tests.eventually import eventually

SIZE = 2
PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def opened(postgres: Postgres, database: str) -> AsyncIterator[Database]:
    url = postgres.url("task_worker", PASSWORDS["task_worker"], database)
    async with open_database(url, application="test", size=SIZE) as found:
        yield found


async def pid_of_next(opened: Database) -> int:
    async with opened.acquire() as connection:
        return int(await connection.fetchval(PID))


async def test_the_connection_that_was_used_last_is_used_next(opened: Database) -> None:
    async with opened.acquire() as first, opened.acquire() as second:
        pids = {await first.fetchval(PID), await second.fetchval(PID)}
    last = await pid_of_next(opened)
    assert last in pids
    assert [await pid_of_next(opened) for _ in range(3)] == [last] * 3


async def test_what_a_transaction_left_open_is_gone_with_its_connection(opened: Database) -> None:
    async with opened.acquire() as connection:
        left = await connection.fetchval(PID)
        await connection.execute("BEGIN; CREATE TEMPORARY TABLE half (n int)")
    assert await pid_of_next(opened) != left
    async with opened.acquire() as connection:
        assert await connection.fetchval("SELECT to_regclass('half')") is None


async def test_a_connection_that_was_lost_while_nobody_used_it_is_not_handed_out(
    opened: Database, postgres: Postgres
) -> None:
    lost = await pid_of_next(opened)
    superuser = await asyncpg.connect(postgres.superuser_url)
    try:
        assert await superuser.fetchval("SELECT pg_terminate_backend($1, 5000)", lost)
    finally:
        await superuser.close()

    async def others_are() -> bool:
        return await pid_of_next(opened) != lost

    await eventually(others_are)
    async with opened.acquire() as one, opened.acquire() as another:
        assert await one.fetchval(PID) != await another.fetchval(PID)


async def test_a_statement_that_was_given_up_disturbs_nobody(opened: Database) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), opened.acquire() as connection:
            await connection.execute("SELECT pg_sleep(10)")
    for _ in range(SIZE + 1):
        assert await pid_of_next(opened)
