import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from chassis.subscription import Answer
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import NOT_FOUND, PRECONDITION_FAILED, Problem
from contracts.tasks import (
    Change,
    CreateTask,
    DeleteTask,
    NewTask,
    Task,
    TaskCompleted,
    TaskPatch,
    TaskState,
    TaskUpdated,
    UpdateTask,
)
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.update_task import update_task
from tests.integration.conftest import BUDGET
from tests.integration.handling import deliver, only_row
from tests.integration.task_worker.conftest import Make, Row


async def update(
    connection: PoolConnectionProxy,
    actor: Actor,
    task_id: UUID,
    *,
    if_match: tuple[int, ...] | None = None,
    **patch: Any,
) -> Answer:
    command = UpdateTask(task_id=task_id, patch=TaskPatch(**patch), if_match=if_match)
    return await update_task(command, deliver(connection, actor))


def state_of(task: Task) -> TaskState:
    return TaskState(**{name: getattr(task, name) for name in TaskState.model_fields})


async def test_a_change_is_saved_and_told(connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row) -> None:
    before = await make(description="Twice.", tags=("home",))
    answer = await update(connection, ada, before.id, title="Water the garden", description=None)

    after = answer.reply
    assert after.updated_at > before.updated_at
    assert after == before.model_copy(
        update={"title": "Water the garden", "description": None, "version": 2, "updated_at": after.updated_at}
    )
    assert answer.tells == (
        TaskUpdated(
            task=state_of(after),
            changes={
                "title": Change(old="Water the plants", new="Water the garden"),
                "description": Change(old="Twice.", new=None),
            },
            actor=Person(id=ada.id, username="ada"),
            audience=(ada.id,),
        ),
    )
    stored = await row(before.id)
    assert (stored["title"], stored["description"], stored["version"]) == ("Water the garden", None, 2)
    assert (stored["tags"], stored["created_at"]) == (["home"], before.created_at)
    assert stored["updated_at"] == after.updated_at


async def test_completing_is_an_event_of_its_own(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row
) -> None:
    before = await make()
    answer = await update(connection, ada, before.id, completed=True)
    assert [type(event) for event in answer.tells] == [TaskCompleted]
    assert (answer.reply.status, answer.reply.completed_at) == ("completed", answer.reply.updated_at)
    assert (await row(before.id))["completed_at"] == answer.reply.updated_at


async def test_a_change_that_changes_nothing_is_told_to_nobody(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row
) -> None:
    """Pitfall K18"""
    before = await make()
    stored = await row(before.id)
    answer = await update(connection, ada, before.id, title=before.title, status="pending")
    assert (answer.reply, answer.tells) == (before, ())
    assert await row(before.id) == stored


async def test_a_change_of_a_version_that_was_seen_is_made(
    connection: PoolConnectionProxy, ada: Actor, make: Make
) -> None:
    before = await make()
    answer = await update(connection, ada, before.id, if_match=(7, 1), title="Water the garden")
    assert answer.reply.version == 2


async def test_a_change_of_an_older_version_is_refused_with_the_current_one(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: Row
) -> None:
    before = await make()
    await update(connection, ada, before.id, title="Water the garden")
    stored = await row(before.id)
    with pytest.raises(Refusal) as refused:
        await update(connection, ada, before.id, if_match=(1,), title="Water the cactus")
    assert refused.value.problem == Problem(type=PRECONDITION_FAILED, facts={"current_etag": '"2"'})
    assert await row(before.id) == stored


async def test_somebody_elses_task_is_not_found(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, row: Row
) -> None:
    """As one that does not exist: whether it does is none of his business."""
    before = await make(by=grace)
    stored = await row(before.id)
    for task_id in (before.id, uuid7()):
        with pytest.raises(Refusal) as refused:
            await update(connection, ada, task_id, if_match=(7,), title="Mine")
        assert refused.value.problem == Problem(type=NOT_FOUND)
    assert await row(before.id) == stored


async def test_a_deleted_task_is_not_found(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    before = await make()
    await delete_task(DeleteTask(task_id=before.id), deliver(connection, ada))
    with pytest.raises(Refusal) as refused:
        await update(connection, ada, before.id, title="Water the garden")
    assert refused.value.problem.type == NOT_FOUND


@pytest.mark.usefixtures("running_task_worker")
async def test_of_many_who_saw_the_same_version_one_wins(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    """Pitfall F29, pitfall K19"""
    create = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    await requests.ask(create, Sender(uuid7(), ada, BUDGET))

    async def attempt(number: int) -> Task | Problem:
        command = UpdateTask(task_id=create.task_id, patch=TaskPatch(title=f"Attempt {number}"), if_match=(1,))
        try:
            return (await requests.ask(command, Sender(uuid7(), ada, BUDGET))).value
        except Refusal as refusal:
            return refusal.problem

    answers = await asyncio.gather(*map(attempt, range(20)))
    [winner] = [answer for answer in answers if isinstance(answer, Task)]
    losers = [answer for answer in answers if isinstance(answer, Problem)]
    assert losers == [Problem(type=PRECONDITION_FAILED, facts={"current_etag": '"2"'})] * 19
    assert await only_row(superuser, "SELECT title, version FROM tasks.tasks") == {
        "title": winner.title,
        "version": 2,
    }
    types = [
        row["type"] for row in await superuser.fetch("SELECT type FROM tasks.event_log ORDER BY aggregate_version")
    ]
    assert types == ["tasks.task_created.v1", "tasks.task_updated.v1"]


@pytest.mark.usefixtures("running_task_worker")
async def test_changes_that_mind_no_version_are_all_made_one_after_another(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    create = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    await requests.ask(create, Sender(uuid7(), ada, BUDGET))
    patches = [UpdateTask(task_id=create.task_id, patch=TaskPatch(title=f"Attempt {n}")) for n in range(10)]
    replies = await asyncio.gather(*(requests.ask(patch, Sender(uuid7(), ada, BUDGET)) for patch in patches))
    assert sorted(reply.value.version for reply in replies) == list(range(2, 12))
    versions = await superuser.fetch("SELECT aggregate_version FROM tasks.event_log ORDER BY 1")
    assert [row["aggregate_version"] for row in versions] == list(range(1, 12))
