from datetime import UTC, datetime

from chassis.subscription import Delivery
from contracts.task_lists import ListTasks, TaskPage
from task_worker.store import lists


async def list_tasks(query: ListTasks, delivery: Delivery) -> TaskPage:
    # One more than asked for says whether there is a next page.
    found = await lists.list_tasks(delivery.connection, query, viewer=delivery.actor_id, limit=query.limit + 1)
    page, at = found[: query.limit], datetime.now(UTC)
    return TaskPage(
        items=tuple(task.seen_by(permission, at=at) for task, permission in page),
        next=lists.position(query, page[-1][0]) if len(found) > query.limit else None,
        total=await lists.count_tasks(delivery.connection, query, viewer=delivery.actor_id) if query.count else None,
    )
