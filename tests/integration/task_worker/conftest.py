from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.comments import AddComment, Comment
from contracts.files import AttachFile, BeginUpload, File
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import Problem
from contracts.sharing import Level, ShareTask
from contracts.tasks import CreateTask, GetTask, NewTask, Task
from ops.postgres import Postgres
from task_worker.handlers.add_comment import add_comment
from task_worker.handlers.attach_file import AttachFileHandler
from task_worker.handlers.begin_upload import BeginUploadHandler
from task_worker.handlers.create_task import create_task
from task_worker.handlers.share_task import share_task
from task_worker.quota import Quota
from tests.integration.handling import deliver, open_transaction
from tests.integration.task_worker.reading import get_task

Row = Callable[[UUID], Awaitable[asyncpg.Record]]
Make = Callable[..., Awaitable[Task]]
ShareWith = Callable[..., Awaitable[None]]
CommentOn = Callable[..., Awaitable[Comment]]
AttachTo = Callable[..., Awaitable[File]]
Look = Callable[..., Awaitable[Task]]


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


@pytest.fixture
def share(connection: PoolConnectionProxy, ada: Actor) -> ShareWith:
    """Shares a task of ada's."""

    async def share(task: Task, person: Actor, permission: Level = "view") -> None:
        user = Person(id=person.id, username=person.username)
        await share_task(ShareTask(task_id=task.id, user=user, permission=permission), deliver(connection, ada))

    return share


@pytest.fixture
def comment(connection: PoolConnectionProxy) -> CommentOn:
    async def comment(task: Task, author: Actor, content: str = "Twice.") -> Comment:
        command = AddComment(task_id=task.id, comment_id=uuid7(), content=content)
        reply: Comment = (await add_comment(command, deliver(connection, author))).reply
        return reply

    return comment


@pytest.fixture
def attach(connection: PoolConnectionProxy) -> AttachTo:
    """A file whose bytes are nowhere."""

    async def attach(task: Task, by: Actor, size: int = 10) -> File:
        file_id, quota = uuid7(), Quota(files_per_task=100, bytes_per_owner=1000)
        await BeginUploadHandler(quota)(BeginUpload(task_id=task.id, file_id=file_id), deliver(connection, by))
        command = AttachFile(
            task_id=task.id,
            file_id=file_id,
            filename="plants.txt",
            content_type="text/plain; charset=utf-8",
            size=size,
            sha256="0" * 64,
        )
        reply: File = (await AttachFileHandler(quota)(command, deliver(connection, by))).reply
        return reply

    return attach


@pytest.fixture
def look(connection: PoolConnectionProxy) -> Look:
    """A task as a person sees it now."""

    async def look(task: Task, person: Actor, *, deleted: bool = False) -> Task:
        return await get_task(GetTask(task_id=task.id, deleted=deleted), deliver(connection, person))

    return look


async def problem_of(attempt: Awaitable[Any]) -> Problem:
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.problem


@pytest.fixture
def joan() -> Actor:
    return Actor(id=uuid7(), username="joan")
