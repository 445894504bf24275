from typing import Any

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.problems import UNAUTHENTICATED
from contracts.task_lists import ListTasks, TaskPage, TaskPosition
from contracts.tasks import DeleteTask
from task_worker.handlers.delete_task import delete_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make
from tests.integration.task_worker.reading import list_tasks


async def test_a_person_sees_his_own_tasks_newest_first(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make
) -> None:
    first, _, third = await make(title="first"), await make(by=grace), await make(title="third")
    deleted = await make()
    await delete_task(DeleteTask(task_id=deleted.id), deliver(connection, ada))
    assert await list_tasks(ListTasks(), deliver(connection, ada)) == TaskPage(items=(third, first), next=None)


async def test_who_has_no_task_sees_an_empty_page(connection: PoolConnectionProxy, ada: Actor) -> None:
    assert await list_tasks(ListTasks(), deliver(connection, ada)) == TaskPage(items=(), next=None)


async def test_a_page_ends_where_the_next_begins(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    tasks = [await make(title=str(number)) for number in range(5)][::-1]
    pages, after = [], None
    for _ in range(3):
        page = await list_tasks(ListTasks(limit=2, after=after), deliver(connection, ada))
        pages.append(page.items)
        after = page.next
    assert pages == [tuple(tasks[:2]), tuple(tasks[2:4]), tuple(tasks[4:])]
    assert after is None


async def test_a_full_last_page_is_the_last(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    tasks = [await make(), await make()][::-1]
    assert await list_tasks(ListTasks(limit=2), deliver(connection, ada)) == TaskPage(items=tuple(tasks), next=None)


async def test_tasks_of_the_same_moment_are_told_apart(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    tasks = [await make() for _ in range(4)]
    await connection.execute("UPDATE tasks SET created_at = $1", tasks[0].created_at)
    page = await list_tasks(ListTasks(limit=2), deliver(connection, ada))
    rest = await list_tasks(ListTasks(limit=2, after=page.next), deliver(connection, ada))
    ids = sorted((task.id for task in tasks), reverse=True)
    assert [task.id for task in (*page.items, *rest.items)] == ids
    assert page.next == TaskPosition(keys=(tasks[0].created_at.isoformat(),), id=ids[1])


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({}, "abcd"),
        ({"status": ("pending",)}, "ab"),
        ({"status": ("pending", "completed")}, "abd"),
        ({"priority": ("high",)}, "ac"),
        ({"status": ("pending",), "priority": ("high", "medium")}, "a"),
        ({"status": ("completed",), "priority": ("high",)}, ""),
    ],
)
async def test_a_filter_lets_through_what_it_names(
    connection: PoolConnectionProxy, ada: Actor, make: Make, filters: dict[str, Any], titles: str
) -> None:
    await make(title="a", priority="high")
    await make(title="b", priority="low")
    await make(title="c", status="in_progress", priority="high")
    await make(title="d", status="completed")
    page = await list_tasks(ListTasks(**filters), deliver(connection, ada))
    assert "".join(sorted(task.title for task in page.items)) == titles


async def test_a_position_of_a_task_that_is_gone_still_holds(
    connection: PoolConnectionProxy, ada: Actor, make: Make
) -> None:
    older, middle, newer = await make(), await make(), await make()
    page = await list_tasks(ListTasks(limit=2), deliver(connection, ada))
    assert [task.id for task in page.items] == [newer.id, middle.id]
    await delete_task(DeleteTask(task_id=middle.id), deliver(connection, ada))
    rest = await list_tasks(ListTasks(limit=2, after=page.next), deliver(connection, ada))
    assert rest == TaskPage(items=(older,), next=None)


async def test_who_has_not_logged_in_sees_nothing(connection: PoolConnectionProxy) -> None:
    with pytest.raises(Refusal) as refused:
        await list_tasks(
            ListTasks(after=TaskPosition(keys=("2026-11-25T12:00:00Z",), id=uuid7())), deliver(connection, None)
        )
    assert refused.value.problem.type == UNAUTHENTICATED
