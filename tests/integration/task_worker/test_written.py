"""What Postgres writes is what the models would have written, byte for byte."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.message import Actor
from contracts.task_lists import ListTasks, TaskPage
from contracts.tasks import GetTask, Task
from task_worker.handlers.get_task import get_task
from task_worker.handlers.list_tasks import list_tasks
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, ShareWith

EARLIEST, LATEST = date(1970, 1, 1), date(2200, 12, 31)
# All that a title or a description can hold, and what they cannot: Postgres alone has no text with a zero in it.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
MOMENT = st.datetimes(datetime.combine(EARLIEST, time()), datetime.combine(LATEST, time()), timezones=st.just(UTC))
OR_NONE: Any = st.one_of
ROW = st.fixed_dictionaries(
    {
        "title": TEXT,
        "description": OR_NONE(st.none(), st.just(""), TEXT),
        "status": st.sampled_from(["pending", "in_progress", "completed"]),
        "completed_at": MOMENT,
        "priority": st.sampled_from(["low", "medium", "high"]),
        "due_date": OR_NONE(st.none(), st.dates(EARLIEST, LATEST)),
        "tags": st.lists(TEXT, max_size=3),
        "owner_username": TEXT,
        "share_count": st.integers(0, 2**31 - 1),
        "comment_count": st.integers(0, 2**31 - 1),
        "file_count": st.integers(0, 2**31 - 1),
        "version": st.integers(1, 2**63 - 1),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "deleted_at": OR_NONE(st.none(), MOMENT),
    }
).map(lambda row: row | {"completed_at": row["completed_at"] if row["status"] == "completed" else None})


async def overwrite(connection: PoolConnectionProxy, task_id: UUID, row: dict[str, Any]) -> None:
    """Past every rule of ours but those of the table."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(row, 2))
    await connection.execute(f"UPDATE tasks SET {columns} WHERE id = $1", task_id, *row.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=ROW)
async def test_a_task_reads_and_writes_the_same(
    connection: PoolConnectionProxy, ada: Actor, make: Make, row: dict[str, Any]
) -> None:
    task = await make()
    await overwrite(connection, task.id, row)
    body = (await get_task(GetTask(task_id=task.id, deleted=True), deliver(connection, ada))).body
    shown = Task.model_validate_json(body)
    assert body == shown.model_dump_json().encode()
    told = shown.model_dump() | {"owner_username": shown.owner.username, "tags": list(shown.tags)}
    assert {name: told[name] for name in row} == row
    listed = (await list_tasks(ListTasks(deleted=row["deleted_at"] is not None), deliver(connection, ada))).body
    assert shown in TaskPage.model_validate_json(listed).items
    assert listed == TaskPage.model_validate_json(listed).model_dump_json().encode()


async def test_a_page_reads_and_writes_the_same_for_whoever_sees_it(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    for number, due_date in enumerate((None, yesterday, date(2200, 1, 1))):
        task = await make(title=f'"items":[{{}}] {number}', due_date=due_date)
        await share(task, grace, "edit" if number else "view")
    for actor, permissions in ((ada, ["owner"] * 3), (grace, ["edit", "edit", "view"])):
        query = ListTasks(sort=("-title",), limit=3, count=True)
        whole = (await list_tasks(query, deliver(connection, actor))).body
        page = TaskPage.model_validate_json(whole)
        assert whole == page.model_dump_json().encode()
        assert [each.my_permission for each in page.items] == permissions
        assert [each.overdue for each in page.items] == [False, True, False]
        first = (await list_tasks(query.model_copy(update={"limit": 1}), deliver(connection, actor))).body
        begun = TaskPage.model_validate_json(first)
        assert first == begun.model_dump_json().encode()
        assert (begun.items, begun.total) == (page.items[:1], 3)
        rest = await list_tasks(query.model_copy(update={"after": begun.next}), deliver(connection, actor))
        assert TaskPage.model_validate_json(rest.body).items == page.items[1:]
