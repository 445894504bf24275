from datetime import UTC, datetime

from chassis.subscription import Delivery
from contracts.tasks import ListTasks, TaskPage, TaskPosition
from task_worker import store


async def list_tasks(query: ListTasks, delivery: Delivery) -> TaskPage:
    # One more than asked for says whether there is a next page.
    tasks = await store.list_tasks(
        delivery.connection,
        owner_id=delivery.actor_id,
        status=query.status,
        priority=query.priority,
        after=query.after,
        limit=query.limit + 1,
    )
    page, today = tasks[: query.limit], datetime.now(UTC).date()
    more = len(tasks) > query.limit
    return TaskPage(
        items=tuple(task.seen_by("owner", today=today) for task in page),
        next=TaskPosition(created_at=page[-1].created_at, id=page[-1].id) if more else None,
    )
