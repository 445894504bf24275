from typing import Any

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.subscription import Answer
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from contracts.tasks import TaskCompleted, TaskPatch, UpdateTasks
from task_worker.handlers.update_tasks import update_tasks
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


async def update(connection: PoolConnectionProxy, actor: Actor, *task_ids: Any, **patch: Any) -> Answer:
    return await update_tasks(UpdateTasks(task_ids=task_ids, patch=TaskPatch(**patch)), deliver(connection, actor))


async def test_each_task_is_changed_and_told_of(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith
) -> None:
    """Pitfall F18"""
    one, done, other = await make(), await make(status="completed"), await make()
    await share(other, grace, "edit")
    answer = await update(connection, ada, other.id, done.id, one.id, completed=True)
    assert [task.id for task in answer.reply.items] == [other.id, done.id, one.id]
    assert all(task.completed for task in answer.reply.items)
    assert {event.task.id: event.audience for event in answer.tells if isinstance(event, TaskCompleted)} == {
        one.id: (ada.id,),
        other.id: (ada.id, grace.id),
    }


async def test_a_task_that_is_not_there_leaves_all_as_they_are(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, look: Look
) -> None:
    """Somebody else's is one that is not there. Pitfall F31."""
    mine, other = await make(), await make(by=grace)
    problem = await problem_of(update(connection, ada, mine.id, uuid7(), other.id, title="Water the garden"))
    assert problem.type == NOT_FOUND
    assert [error.pointer for error in problem.errors] == ["#/task_ids/1", "#/task_ids/2"]
    assert await look(mine, ada) == mine


async def test_a_task_that_is_only_seen_leaves_all_as_they_are(
    connection: PoolConnectionProxy, grace: Actor, make: Make, share: ShareWith, look: Look
) -> None:
    mine, seen = await make(by=grace), await make()
    await share(seen, grace, "view")
    problem = await problem_of(update(connection, grace, mine.id, seen.id, title="Water the garden"))
    assert (problem.type, problem.errors[0].pointer) == (FORBIDDEN, "#/task_ids/1")
    assert await look(mine, grace) == mine
