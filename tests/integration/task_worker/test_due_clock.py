"""What time makes of a task: due soon, overdue, and after a month in the bin, gone."""

from datetime import UTC, date, datetime, timedelta

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from contracts.files import EraseFile
from contracts.message import Actor
from contracts.tasks import DeleteTask, TaskDueSoon, TaskOverdue, TaskPatch, UpdateTask
from task_worker.duties import purge_deleted, tell_due
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.follow_people import follow_people
from task_worker.handlers.update_task import update_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, CommentOn, Look, Make, ShareWith


def today() -> date:
    return datetime.now(UTC).date()


async def told(connection: PoolConnectionProxy) -> list[object]:
    return [type(event) for event in (await tell_due(deliver(connection, None))).tells]


async def pass_time(connection: PoolConnectionProxy, time: timedelta) -> None:
    """For the tasks: as if every due date were so much nearer."""
    await connection.execute(
        "UPDATE tasks SET overdue_at = overdue_at - $1::interval, alarm_at = alarm_at - $1::interval", time
    )


async def test_a_task_is_due_soon_once_and_overdue_once(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, look: Look
) -> None:
    task = await make(due_date=today() + timedelta(days=5))
    await share(task, grace, "view")
    assert await told(connection) == []
    await pass_time(connection, timedelta(days=5))
    [event] = (await tell_due(deliver(connection, None))).tells
    assert isinstance(event, TaskDueSoon)
    assert (event.actor, event.audience, event.task.version) == (None, (ada.id, grace.id), 3)
    assert await told(connection) == []

    await pass_time(connection, timedelta(days=1))
    assert await told(connection) == [TaskOverdue]
    assert await told(connection) == []
    assert ((await look(task, ada)).overdue, (await look(task, ada)).version) == (True, 4)


async def test_another_due_date_is_told_of_again(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task = await make(due_date=today())
    assert await told(connection) == [TaskDueSoon]
    patch = TaskPatch(due_date=today() + timedelta(days=1), title="Later")
    await update_task(UpdateTask(task_id=task.id, patch=patch), deliver(connection, ada))
    await pass_time(connection, timedelta(days=1))
    assert await told(connection) == [TaskDueSoon]


async def test_what_is_completed_or_was_written_late_is_not_told_of(
    connection: PoolConnectionProxy, ada: Actor, make: Make
) -> None:
    task = await make(due_date=today())
    await update_task(UpdateTask(task_id=task.id, patch=TaskPatch(completed=True)), deliver(connection, ada))
    assert (await make(due_date=date(2020, 1, 31))).overdue
    assert await told(connection) == []


async def test_a_day_ends_where_the_owner_lives(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    """And he is told of it as long before as he wants it."""
    task = await make(due_date=date(2100, 1, 31))
    preferences = {"due_soon_lead_minutes": 60, "quiet_hours": {"timezone": "America/New_York"}}
    event = CloudEvent(
        id=uuid7(),
        type="notifier.preferences_updated.v1",
        subject=f"preferences/{ada.id}",
        time=datetime.now(UTC),
        sequence=2,
        data={"actor": {"id": str(ada.id), "username": "ada"}, "preferences": preferences},
        body="",
    )
    await follow_people(event, deliver(connection, None))
    row = await connection.fetchrow("SELECT overdue_at, alarm_at FROM tasks WHERE id = $1", task.id)
    assert row is not None
    assert tuple(row) == (datetime(2100, 2, 1, 5, tzinfo=UTC), datetime(2100, 2, 1, 4, tzinfo=UTC))


async def test_a_month_in_the_bin_ends_a_task_and_erases_its_files(
    connection: PoolConnectionProxy, ada: Actor, make: Make, comment: CommentOn, attach: AttachTo
) -> None:
    task, kept = await make(), await make()
    await comment(task, ada)
    file = await attach(task, ada)
    for each in (task, kept):
        await delete_task(DeleteTask(task_id=each.id), deliver(connection, ada))
    await connection.execute("UPDATE tasks SET deleted_at = deleted_at - interval '31 days' WHERE id = $1", task.id)
    done = await purge_deleted(deliver(connection, None))
    assert (done.count, done.tells) == (1, [EraseFile(file_id=file.id)])
    assert [row["id"] for row in await connection.fetch("SELECT id FROM tasks")] == [kept.id]
    assert await connection.fetchval("SELECT sum(n) FROM counts") == 0
    assert await connection.fetchval("SELECT bytes FROM file_usage") == 0
    assert (await purge_deleted(deliver(connection, None))).count == 0
    assert await connection.fetchval("SELECT count(*) FROM counts") == 0
