from chassis.pages import Written, write_page
from chassis.subscription import Delivery
from contracts.task_lists import ListTasks, TaskPage
from contracts.tasks import Task
from task_worker.store import lists


async def list_tasks(query: ListTasks, delivery: Delivery) -> Written[TaskPage]:
    # One more than asked for says whether there is a next page.
    found = await lists.list_tasks(delivery.connection, query, viewer=delivery.actor_id, limit=query.limit + 1)
    page = found[: query.limit]
    empty = TaskPage(
        next=lists.position(query, Task.model_validate_json(page[-1])) if len(found) > query.limit else None,
        total=await lists.count_tasks(delivery.connection, query, viewer=delivery.actor_id) if query.count else None,
        items=(),
    )
    return write_page(empty, page)
