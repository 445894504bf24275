from datetime import UTC, date, datetime, timedelta

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import UNAUTHENTICATED
from contracts.tasks import CreateTask, NewTask, Task, TaskCreated, TaskState
from task_worker.handlers.create_task import create_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, Row

OF_THE_DATABASE = {"facets", "alarm_at", "soon_told_for", "overdue_told_for"}
"""Columns that it fills in itself, or that only the clock reads."""


async def test_a_task_is_created_as_it_was_written(connection: PoolConnectionProxy, ada: Actor, row: Row) -> None:
    command = CreateTask(
        task_id=uuid7(),
        task=NewTask(
            title="Water the plants",
            description="Twice.",
            status="completed",
            priority="high",
            due_date=date(2020, 1, 31),
            tags=("home", "garden"),
        ),
    )
    answer = await create_task(command, deliver(connection, ada))

    at = answer.reply.created_at
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=60)
    owner = Person(id=ada.id, username="ada")
    state = TaskState(
        id=command.task_id,
        title="Water the plants",
        description="Twice.",
        status="completed",
        completed=True,
        completed_at=at,
        priority="high",
        due_date=date(2020, 1, 31),
        tags=("home", "garden"),
        owner=owner,
        share_count=0,
        comment_count=0,
        file_count=0,
        version=1,
        created_at=at,
        updated_at=at,
    )
    assert answer.reply == Task(**dict(state), my_permission="owner", overdue=False)
    assert answer.tells == (TaskCreated(task=state, changes={}, actor=owner, audience=(ada.id,)),)
    stored = {name: value for name, value in (await row(command.task_id)).items() if name not in OF_THE_DATABASE}
    assert stored == {
        "id": command.task_id,
        "owner_id": ada.id,
        "owner_username": "ada",
        "title": "Water the plants",
        "description": "Twice.",
        "status": "completed",
        "completed_at": at,
        "priority": "high",
        "due_date": date(2020, 1, 31),
        "tags": ["home", "garden"],
        "share_count": 0,
        "comment_count": 0,
        "file_count": 0,
        "version": 1,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "overdue_at": None,
    }


async def test_a_title_alone_makes_a_task(make: Make, ada: Actor) -> None:
    task = await make()
    assert task == Task(
        id=task.id,
        title="Water the plants",
        description=None,
        status="pending",
        completed=False,
        completed_at=None,
        priority="medium",
        due_date=None,
        tags=(),
        owner=Person(id=ada.id, username="ada"),
        share_count=0,
        comment_count=0,
        file_count=0,
        version=1,
        created_at=task.created_at,
        updated_at=task.created_at,
        my_permission="owner",
        overdue=False,
    )


async def test_a_task_may_be_late_from_the_start(make: Make) -> None:
    assert (await make(due_date=date(2020, 1, 31))).overdue


async def test_the_longest_texts_fit(make: Make) -> None:
    task = await make(title="🌱" * 200, description="ř" * 2000, tags=tuple(f"{n:050d}" for n in range(20)))
    assert (len(task.title), len(task.description or ""), len(task.tags)) == (200, 2000, 20)


async def test_nobody_owns_no_task(connection: PoolConnectionProxy) -> None:
    with pytest.raises(Refusal) as refused:
        await create_task(CreateTask(task_id=uuid7(), task=NewTask(title="a")), deliver(connection, None))
    assert refused.value.problem.type == UNAUTHENTICATED
    assert await connection.fetchval("SELECT count(*) FROM tasks") == 0
