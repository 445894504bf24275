import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import NOT_FOUND, PRECONDITION_FAILED, Problem
from contracts.tasks import DeleteTask, TaskDeleted, TaskState
from task_worker.handlers.delete_task import delete_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, Row


async def test_a_deleted_task_is_told_as_it_last_was(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row
) -> None:
    before = await make(tags=("home",))
    answer = await delete_task(DeleteTask(task_id=before.id), deliver(connection, ada))

    stored = await row(before.id)
    assert stored["deleted_at"] == stored["updated_at"] > before.updated_at
    assert stored["version"] == 2
    assert answer.reply is None
    last = {name: getattr(before, name) for name in TaskState.model_fields}
    assert answer.tells == (
        TaskDeleted(
            task=TaskState(
                **last | {"version": 2, "updated_at": stored["deleted_at"], "deleted_at": stored["deleted_at"]}
            ),
            changes={},
            actor=Person(id=ada.id, username="ada"),
            audience=(ada.id,),
        ),
    )


async def test_a_task_is_deleted_once(connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row) -> None:
    before = await make()
    await delete_task(DeleteTask(task_id=before.id), deliver(connection, ada))
    stored = await row(before.id)
    with pytest.raises(Refusal) as refused:
        await delete_task(DeleteTask(task_id=before.id), deliver(connection, ada))
    assert refused.value.problem == Problem(type=NOT_FOUND)
    assert await row(before.id) == stored


async def test_deleting_an_older_version_is_refused(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row
) -> None:
    before = await make()
    with pytest.raises(Refusal) as refused:
        await delete_task(DeleteTask(task_id=before.id, if_match=(2, 3)), deliver(connection, ada))
    assert refused.value.problem == Problem(type=PRECONDITION_FAILED, facts={"current_etag": '"1"'})
    assert (await row(before.id))["deleted_at"] is None


async def test_somebody_elses_task_is_not_found(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, row: Row
) -> None:
    """A16"""
    before = await make(by=grace)
    for task_id in (before.id, uuid7()):
        with pytest.raises(Refusal) as refused:
            await delete_task(DeleteTask(task_id=task_id), deliver(connection, ada))
        assert refused.value.problem == Problem(type=NOT_FOUND)
    assert (await row(before.id))["deleted_at"] is None
