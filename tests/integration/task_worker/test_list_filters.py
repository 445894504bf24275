"""Every filter, alone and together, over what is one's own and what is shared."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.task_lists import ListTasks
from contracts.tasks import DeleteTask, Task
from task_worker.handlers.delete_task import delete_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, ShareWith
from tests.integration.task_worker.reading import list_tasks

MADE = datetime(2026, 1, 2, 12, tzinfo=UTC)


async def titles(connection: PoolConnectionProxy, actor: Actor, **filters: Any) -> str:
    page = await list_tasks(ListTasks(**filters, count=True), deliver(connection, actor))
    assert page.total == len(page.items)
    return "".join(sorted(task.title[0] for task in page.items))


@pytest.fixture
async def world(connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith) -> None:
    """a to f are ada's, g is grace's own; c, d and e are shared with grace; f is deleted."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    await make(title="a", priority="high", due_date=date(2020, 1, 1), tags=("home",))
    await make(title="b the who", priority="low", due_date=date(2020, 1, 1), status="completed")
    shared = [
        await make(title="c", status="in_progress", priority="high", due_date=tomorrow, tags=("home", "it's\\o")),
        await make(title="d", status="completed", description="Watering the plants in Köln"),
        await make(title="e", description="nothing of the owner= kind", tags=("garden",)),
    ]
    for number, task in enumerate(shared):
        await share(task, grace, "edit" if number else "view")
    deleted = await make(title="f")
    await make(title="g", by=grace)
    await connection.execute("UPDATE tasks SET created_at = $1 WHERE title IN ('a', 'c')", MADE)
    await connection.execute("UPDATE shares SET task_created_at = $1 WHERE task_id = $2", MADE, shared[0].id)
    await delete_task(DeleteTask(task_id=deleted.id), deliver(connection, ada))


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abcde"),
        ({"owner": "me"}, "abcde"),
        ({"owner": "shared"}, ""),
        ({"deleted": True}, "f"),
        ({"status": ("pending", "completed")}, "abde"),
        ({"completed": True}, "bd"),
        ({"completed": False}, "ace"),
        ({"completed": False, "status": ("completed",)}, ""),
        ({"priority": ("high", "low")}, "abc"),
        ({"tags": ("home",)}, "ac"),
        ({"tags": ("home", "it's\\o")}, "c"),
        ({"tags": ("nowhere",)}, ""),
        ({"overdue": True}, "a"),
        ({"overdue": False}, "bcde"),
        ({"search": "plant"}, "d"),
        ({"search": '"the plants"'}, "d"),
        ({"search": "köln -garden"}, "d"),
        ({"search": "who or water"}, "bd"),
        ({"search": "the"}, "bde"),
        ({"search": "owner"}, "e"),
        ({"search": "home"}, ""),
        ({"search": "!!! & | ' \\"}, ""),
        ({"search": "%"}, ""),
        ({"search": "status=completed"}, ""),
        ({"created_from": MADE, "created_until": MADE + timedelta(seconds=1)}, "ac"),
        ({"created_until": MADE}, ""),
        ({"updated_from": datetime(2100, 1, 1, tzinfo=UTC)}, ""),
        ({"due_from": date(2020, 1, 1), "due_until": date(2020, 1, 2)}, "ab"),
        ({"due_from": date(2020, 1, 2)}, "c"),
        ({"priority": ("high",), "tags": ("home",), "overdue": False, "completed": False}, "c"),
    ],
)
async def test_a_filter_lets_through_what_it_names(
    connection: PoolConnectionProxy, ada: Actor, filters: dict[str, Any], expected: str
) -> None:
    """Pitfall F20, pitfall F22"""
    assert await titles(connection, ada, **filters) == expected


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "cdeg"),
        ({"owner": "me"}, "g"),
        ({"owner": "shared"}, "cde"),
        ({"deleted": True}, ""),
        ({"search": "plants"}, "d"),
        ({"tags": ("home",)}, "c"),
        ({"completed": False}, "ceg"),
        ({"created_until": MADE + timedelta(days=1)}, "c"),
    ],
)
async def test_what_is_shared_is_filtered_too(
    connection: PoolConnectionProxy, grace: Actor, filters: dict[str, Any], expected: str
) -> None:
    """Pitfall F30"""
    assert await titles(connection, grace, **filters) == expected


@pytest.mark.usefixtures("world")
async def test_permissions_stand_beside_the_tasks(connection: PoolConnectionProxy, grace: Actor) -> None:
    page = await list_tasks(ListTasks(sort=("title",)), deliver(connection, grace))
    assert [task.my_permission for task in page.items] == ["view", "edit", "edit", "owner"]


@pytest.mark.parametrize(("every", "matching"), [(2, 1100), (100, 22), (2200, 1)], ids=["frequent", "rare", "once"])
async def test_what_matches_is_found_however_far_down_it_is(
    connection: PoolConnectionProxy, ada: Actor, every: int, matching: int
) -> None:
    """More tasks than are looked through in order before the lexemes are asked; the last of all matches."""
    await connection.execute(
        """
        INSERT INTO tasks (id, owner_id, owner_username, title, status, priority, tags, version, created_at, updated_at)
        SELECT gen_random_uuid(), $1, 'ada', CASE WHEN n % $2 = 0 THEN 'orchid' ELSE 'fern' END, 'pending', 'low', '{}',
               1, now() - n * interval '1 second', now()
          FROM generate_series(1, 2200) AS n
        """,
        ada.id,
        every,
    )
    found: list[Task] = []
    query = ListTasks(search="orchid", limit=150, count=True)
    while True:
        page = await list_tasks(query, deliver(connection, ada))
        assert page.total == matching
        found += page.items
        if page.next is None:
            break
        query = query.model_copy(update={"after": page.next})
    assert {task.title for task in found} == {"orchid"}
    assert len({task.id for task in found}) == len(found) == matching
    moments = [task.created_at for task in found]
    assert moments == sorted(moments, reverse=True)
