"""A list costs the same number of statements whatever it holds, and so do changes that are made together."""

from dataclasses import replace
from typing import Any, cast

import pytest
from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.task_lists import GetTaskStats, ListTasks
from contracts.tasks import TaskPatch, UpdateTask
from task_worker.handlers.get_task_stats import get_task_stats
from task_worker.handlers.update_task import update_each
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Make, ShareWith
from tests.integration.task_worker.reading import list_tasks

STATEMENTS = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "prepare"}


class Counting:
    """The connection, and the statements that go through it: asyncpg's own log leaves prepared ones out."""

    def __init__(self, connection: PoolConnectionProxy) -> None:
        self._connection = connection
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in STATEMENTS:
            return method

        def counted(statement: str, *arguments: Any) -> Any:
            self.statements.append(statement)
            return method(statement, *arguments)

        return counted


@pytest.fixture
def counting(connection: PoolConnectionProxy) -> Counting:
    return Counting(connection)


@pytest.mark.parametrize(("count", "exactly"), [(False, 1), (True, 2)])
async def test_fifty_tasks_are_one_statement_and_their_total_another(
    counting: Counting,
    ada: Actor,
    grace: Actor,
    make: Make,
    share: ShareWith,
    comment: CommentOn,
    *,
    count: bool,
    exactly: int,
) -> None:
    """Pitfall F25"""
    for _ in range(50):
        task = await make(tags=("home",))
        await share(task, grace)
        await comment(task, grace)
    for actor in (ada, grace):
        counting.statements.clear()
        page = await list_tasks(ListTasks(count=count), deliver(cast("PoolConnectionProxy", counting), actor))
        assert len(page.items) == 50
        assert all(task.comment_count == task.share_count == 1 for task in page.items)
        assert len(counting.statements) == exactly


async def test_stats_are_one_statement(counting: Counting, ada: Actor, make: Make) -> None:
    """Pitfall F17"""
    await make(tags=("home",))
    await get_task_stats(GetTaskStats(), deliver(cast("PoolConnectionProxy", counting), ada))
    assert len(counting.statements) == 1


async def test_changes_that_wait_together_are_locked_dated_and_written_by_one_statement_each(
    counting: Counting, ada: Actor, make: Make
) -> None:
    commands = [UpdateTask(task_id=(await make()).id, patch=TaskPatch(title="Renamed")) for _ in range(20)]
    delivery = replace(deliver(cast("PoolConnectionProxy", counting), ada), gathered={})
    counting.statements.clear()
    await update_each(commands, [delivery] * 20)
    assert len(counting.statements) == 3
