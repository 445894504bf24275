"""Counts are kept with every change; counting everything anew must give the same."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from asyncpg.pool import PoolConnectionProxy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.comments import AddComment, DeleteComment
from contracts.message import Actor
from contracts.people import Person
from contracts.sharing import ShareTask, Unshare
from contracts.task_lists import GetTaskStats, ListTasks, TaskStats
from contracts.tasks import AddTags, CreateTask, DeleteTask, NewTask, RemoveTag, RestoreTask, TaskPatch, UpdateTask
from task_worker.handlers.add_comment import add_comment
from task_worker.handlers.add_tags import add_tags
from task_worker.handlers.create_task import create_task
from task_worker.handlers.delete_comment import delete_comment
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.get_task_stats import get_task_stats
from task_worker.handlers.remove_tag import remove_tag
from task_worker.handlers.restore_task import restore_task
from task_worker.handlers.share_task import share_task
from task_worker.handlers.unshare import unshare
from task_worker.handlers.update_task import update_task
from tests.integration.handling import deliver
from tests.integration.task_worker.reading import list_tasks


def today() -> date:
    return datetime.now(UTC).date()


ADA, GRACE = Actor(id=uuid7(), username="ada"), Actor(id=uuid7(), username="grace")
TASK = uuid7()

dates = st.none() | st.sampled_from([-1, 0, 1]).map(lambda days: today() + timedelta(days=days))
steps = st.one_of(
    st.builds(lambda due, status: ("create", due, status), dates, st.sampled_from(["pending", "completed"])),
    st.builds(lambda due, done: ("update", due, done), dates, st.booleans()),
    st.sampled_from(["delete", "restore", "share", "unshare", "tag", "untag", "comment", "uncomment"]).map(
        lambda name: (name, None, None)
    ),
)


async def step(connection: PoolConnectionProxy, what: str, due: Any, how: Any, number: int) -> None:
    mine, hers = deliver(connection, ADA), deliver(connection, GRACE)
    if what == "create":
        task = NewTask(title="a", due_date=due, status=how, tags=(f"tag {number % 3}",), priority="high")
        await create_task(CreateTask(task_id=uuid7(), task=task), mine)
    elif what == "update":
        await update_task(UpdateTask(task_id=TASK, patch=TaskPatch(due_date=due, completed=how)), mine)
    else:
        grace = Person(id=GRACE.id, username="grace")
        comment = await connection.fetchval("SELECT id FROM comments ORDER BY id DESC LIMIT 1")
        handle, command, delivery = {
            "delete": (delete_task, DeleteTask(task_id=TASK), mine),
            "restore": (restore_task, RestoreTask(task_id=TASK), mine),
            "share": (share_task, ShareTask(task_id=TASK, user=grace, permission="view"), mine),
            "unshare": (unshare, Unshare(task_id=TASK, username="grace"), hers),
            "tag": (add_tags, AddTags(task_id=TASK, tags=("garden",)), mine),
            "untag": (remove_tag, RemoveTag(task_id=TASK, tag="garden"), mine),
            "comment": (add_comment, AddComment(task_id=TASK, comment_id=uuid7(), content="a"), hers),
            "uncomment": (delete_comment, DeleteComment(comment_id=comment or uuid7()), mine),
        }[what]
        await handle(command, delivery)  # type: ignore[operator]


async def counted_anew(connection: PoolConnectionProxy, actor: Actor) -> TaskStats:
    async def listed(**filters: Any) -> list[Any]:
        return list((await list_tasks(ListTasks(limit=200, **filters), deliver(connection, actor))).items)

    own, received = await listed(owner="me"), await listed(owner="shared")
    done = sum(task.completed for task in own)
    return TaskStats(
        total=len(own),
        completed=done,
        incomplete=len(own) - done,
        by_status={s: sum(t.status == s for t in own) for s in ("pending", "in_progress", "completed")},
        by_priority={p: sum(t.priority == p for t in own) for p in ("low", "medium", "high")},
        by_tag=dict(Counter(tag for task in own for tag in task.tags)),
        overdue=sum(task.overdue for task in own),
        due_today=sum(task.due_date == today() and not task.completed for task in own),
        tasks_shared=sum(task.share_count > 0 for task in own),
        completion_rate=round(done / len(own), 4) if own else 0,
        comments_posted=await connection.fetchval("SELECT count(*) FROM comments WHERE author_id = $1", actor.id),
        shared_with_me=len(received),
    )


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(steps, max_size=12))
async def test_stats_are_what_counting_anew_gives(
    connection: PoolConnectionProxy, changes: list[tuple[str, Any, Any]]
) -> None:
    """Pitfall F16"""
    await connection.execute("DELETE FROM tasks")
    await connection.execute("DELETE FROM counts")
    await create_task(CreateTask(task_id=TASK, task=NewTask(title="a")), deliver(connection, ADA))
    for number, (what, due, how) in enumerate(changes):
        try:
            await step(connection, what, due, how, number)
        except Refusal:
            continue
    for actor in (ADA, GRACE):
        stats = await get_task_stats(GetTaskStats(), deliver(connection, actor))
        assert stats == await counted_anew(connection, actor)
