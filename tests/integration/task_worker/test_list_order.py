"""Any order, page by page, while others write: nothing that stood still is repeated or lost."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, get_args
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from contracts.message import Actor
from contracts.people import Person
from contracts.sharing import ShareTask
from contracts.task_lists import ListTasks, Sort, TaskPosition
from contracts.tasks import CreateTask, DeleteTask, NewTask, Priority, Status, Task, TaskPatch, UpdateTask
from task_worker.handlers.create_task import create_task
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.share_task import share_task
from task_worker.handlers.update_task import update_task
from tests.integration.handling import deliver
from tests.integration.task_worker.reading import list_tasks

RANKS: dict[str, tuple[str, ...]] = {"priority": get_args(Priority), "status": get_args(Status)}

written = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["a", "B", "b", "ä", "Zebra", "zebra", "\U0001f331", "a b"]),
        "priority": st.sampled_from(get_args(Priority)),
        "status": st.sampled_from(get_args(Status)),
        "due_date": st.sampled_from([None, date(2026, 1, 1), date(2026, 1, 2), date(2200, 12, 31)]),
    }
)
sorts = st.lists(st.sampled_from(get_args(Sort)), min_size=1, max_size=3, unique_by=lambda sort: sort.lstrip("-"))
writes = st.lists(st.tuples(st.sampled_from(["insert", "delete", "patch"]), st.integers(0, 50), written), max_size=4)


class People:
    """Ada pages; half of what she sees is Grace's."""

    def __init__(self, connection: PoolConnectionProxy) -> None:
        self.connection = connection
        self.ada, self.grace = Actor(id=uuid7(), username="ada"), Actor(id=uuid7(), username="grace")
        self.owners: dict[UUID, Actor] = {}
        self.moved: set[UUID] = set()

    async def insert(self, task: dict[str, Any]) -> UUID:
        task_id, owner = uuid7(), self.grace if len(self.owners) % 2 else self.ada
        command = CreateTask(task_id=task_id, task=NewTask(**task))
        await create_task(command, deliver(self.connection, owner))
        if owner is self.grace:
            share = ShareTask(task_id=task_id, user=Person(id=self.ada.id, username="ada"), permission="view")
            await share_task(share, deliver(self.connection, owner))
        self.owners[task_id] = owner
        return task_id

    async def write(self, what: str, which: int, task: dict[str, Any]) -> None:
        if what == "insert":
            self.moved.add(await self.insert(task))
            return
        task_id = sorted(self.owners)[which % len(self.owners)]
        delivery = deliver(self.connection, self.owners[task_id])
        if what == "patch" and task_id not in self.moved:
            await update_task(UpdateTask(task_id=task_id, patch=TaskPatch(**task)), delivery)
        elif what == "delete" and task_id not in self.moved:
            await delete_task(DeleteTask(task_id=task_id), delivery)
        self.moved.add(task_id)

    async def page(self, sort: Sequence[Sort], after: TaskPosition | None, limit: int) -> Any:
        query = ListTasks(sort=tuple(sort), after=after, limit=limit)
        return await list_tasks(query, deliver(self.connection, self.ada))


def in_order(one: Task, other: Task, sort: Sequence[Sort]) -> bool:
    """Titles are left to Postgres: its collation is the order."""
    for key in sort:
        name = key.removeprefix("-")
        first, second = getattr(one, name), getattr(other, name)
        if first == second:
            continue
        if name == "title":
            return True
        if first is None or second is None:
            return second is None
        if name in RANKS:
            first, second = RANKS[name].index(first), RANKS[name].index(second)
        return bool(first > second) if key != name else bool(first < second)
    return True


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tasks=st.lists(written, min_size=1, max_size=12),
    sort=sorts,
    limit=st.integers(1, 4),
    between=st.lists(writes, max_size=6),
)
async def test_paging_repeats_and_loses_nothing_that_stood_still(
    connection: PoolConnectionProxy,
    tasks: list[dict[str, Any]],
    sort: list[Sort],
    limit: int,
    between: list[list[tuple[str, int, dict[str, Any]]]],
) -> None:
    """Pitfall F21, pitfall F24"""
    people = People(connection)
    for task in tasks:
        await people.insert(task)
    seen: list[Task] = []
    after, turns = None, iter(between)
    while True:
        page = await people.page(sort, after, limit)
        seen += page.items
        if page.next is None:
            break
        after = page.next
        for write in next(turns, []):
            await people.write(*write)
    still = [task for task in seen if task.id not in people.moved]
    assert sorted(task.id for task in still) == sorted(people.owners.keys() - people.moved)
    assert all(in_order(one, other, sort) for one, other in pairwise(still))
    whole = await people.page(sort, None, 200)
    assert [task.id for task in whole.items if task.id not in people.moved] == [task.id for task in still]
