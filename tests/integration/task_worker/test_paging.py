"""While others write, paging repeats nothing and loses nothing that stood still."""

from typing import Literal
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from contracts.message import Actor
from contracts.tasks import CreateTask, DeleteTask, ListTasks, NewTask, TaskPatch, UpdateTask
from task_worker.handlers.create_task import create_task
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.list_tasks import list_tasks
from task_worker.handlers.update_task import update_task
from tests.integration.handling import deliver

Write = tuple[Literal["insert", "delete", "patch"], int]

writes = st.lists(st.tuples(st.sampled_from(["insert", "delete", "patch"]), st.integers(0, 50)), max_size=4)


class Person:
    """One who writes while he pages."""

    def __init__(self, connection: PoolConnectionProxy) -> None:
        self._connection = connection
        self._actor = Actor(id=uuid7(), username="ada")
        self.tasks: list[UUID] = []
        self.deleted: set[UUID] = set()

    async def insert(self) -> None:
        command = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
        await create_task(command, deliver(self._connection, self._actor))
        self.tasks.append(command.task_id)

    async def write(self, write: Write) -> None:
        kind, number = write
        there = [task_id for task_id in self.tasks if task_id not in self.deleted]
        if kind == "insert" or not there:
            await self.insert()
            return
        task_id, delivery = there[number % len(there)], deliver(self._connection, self._actor)
        if kind == "delete":
            await delete_task(DeleteTask(task_id=task_id), delivery)
            self.deleted.add(task_id)
        else:
            patch = TaskPatch(title=f"Patched {number}", completed=bool(number % 2))
            await update_task(UpdateTask(task_id=task_id, patch=patch), delivery)

    async def page(self, query: ListTasks) -> tuple[list[UUID], ListTasks | None]:
        page = await list_tasks(query, deliver(self._connection, self._actor))
        following = query.model_copy(update={"after": page.next}) if page.next else None
        return [task.id for task in page.items], following


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(start=st.integers(0, 12), limit=st.integers(1, 5), between=st.lists(writes, max_size=8))
async def test_paging_is_steady_while_others_write(
    connection: PoolConnectionProxy, start: int, limit: int, between: list[list[Write]]
) -> None:
    person = Person(connection)
    for _ in range(start):
        await person.insert()
    there_from_the_start = set(person.tasks)

    seen: list[UUID] = []
    query: ListTasks | None = ListTasks(limit=limit)
    pauses = iter(between)
    while query is not None:
        page, query = await person.page(query)
        assert len(page) <= limit
        seen += page
        for write in next(pauses, []):
            await person.write(write)

    assert len(seen) == len(set(seen))
    assert there_from_the_start - person.deleted <= set(seen)
