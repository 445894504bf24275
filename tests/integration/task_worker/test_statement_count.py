"""A list costs the same number of statements whatever it holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.task_lists import GetTaskStats, ListTasks
from task_worker.handlers.get_task_stats import get_task_stats
from task_worker.handlers.list_tasks import list_tasks
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Make, ShareWith


@asynccontextmanager
async def counted(connection: PoolConnectionProxy) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        seen.append(record.query)

    connection.add_query_logger(note)
    try:
        yield seen
    finally:
        connection.remove_query_logger(note)


@pytest.mark.parametrize(("count", "at_most"), [(False, 1), (True, 2)])
async def test_fifty_tasks_are_one_statement_and_their_total_another(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    make: Make,
    share: ShareWith,
    comment: CommentOn,
    *,
    count: bool,
    at_most: int,
) -> None:
    for _ in range(50):
        task = await make(tags=("home",))
        await share(task, grace)
        await comment(task, grace)
    for actor in (ada, grace):
        async with counted(connection) as statements:
            page = await list_tasks(ListTasks(count=count), deliver(connection, actor))
        assert len(page.items) == 50
        assert all(task.comment_count == task.share_count == 1 for task in page.items)
        assert len(statements) <= at_most, statements


async def test_stats_are_one_statement(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    await make(tags=("home",))
    async with counted(connection) as statements:
        await get_task_stats(GetTaskStats(), deliver(connection, ada))
    assert len(statements) == 1
