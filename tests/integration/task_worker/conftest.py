from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.message import Actor
from contracts.tasks import CreateTask, NewTask, Task
from ops.postgres import Postgres
from task_worker.handlers.create_task import create_task
from tests.integration.handling import deliver, open_transaction

Row = Callable[[UUID], Awaitable[asyncpg.Record]]
Make = Callable[..., Awaitable[Task]]


@pytest.fixture
async def connection(postgres: Postgres, database: str) -> AsyncIterator[PoolConnectionProxy]:
    async with open_transaction(postgres, database, "task_worker") as connection:
        yield connection


@pytest.fixture
def row(connection: PoolConnectionProxy) -> Row:
    """A task as it stands in its table."""

    async def read(task_id: UUID) -> asyncpg.Record:
        record = await connection.fetchrow("SELECT * FROM tasks WHERE id = $1", task_id)
        assert record is not None
        return record

    return read


@pytest.fixture
def make(connection: PoolConnectionProxy, ada: Actor) -> Make:
    """A task that is there already: ada's, unless `by` says otherwise."""

    async def create(*, by: Actor = ada, **written: Any) -> Task:
        command = CreateTask(task_id=uuid7(), task=NewTask(**{"title": "Water the plants", **written}))
        answer = await create_task(command, deliver(connection, by))
        task: Task = answer.reply
        return task

    return create


@pytest.fixture
def grace() -> Actor:
    return Actor(id=uuid7(), username="grace")
