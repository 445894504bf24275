from datetime import date

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.problems import NOT_FOUND, UNAUTHENTICATED, Problem
from contracts.tasks import DeleteTask, GetTask
from task_worker.handlers.delete_task import delete_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make
from tests.integration.task_worker.reading import get_task


async def test_its_owner_sees_a_task(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task = await make(description="Twice.", due_date=date(2020, 1, 31), tags=("home", "garden"))
    assert await get_task(GetTask(task_id=task.id), deliver(connection, ada)) == task


async def test_nobody_else_sees_it(connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make) -> None:
    task = await make(by=grace)
    for task_id in (task.id, uuid7()):
        with pytest.raises(Refusal) as refused:
            await get_task(GetTask(task_id=task_id), deliver(connection, ada))
        assert refused.value.problem == Problem(type=NOT_FOUND)


async def test_a_deleted_task_is_not_found(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task = await make()
    await delete_task(DeleteTask(task_id=task.id), deliver(connection, ada))
    with pytest.raises(Refusal) as refused:
        await get_task(GetTask(task_id=task.id), deliver(connection, ada))
    assert refused.value.problem == Problem(type=NOT_FOUND)


async def test_who_has_not_logged_in_sees_nothing(connection: PoolConnectionProxy, make: Make) -> None:
    task = await make()
    with pytest.raises(Refusal) as refused:
        await get_task(GetTask(task_id=task.id), deliver(connection, None))
    assert refused.value.problem == Problem(type=UNAUTHENTICATED)
