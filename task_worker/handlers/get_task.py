from datetime import UTC, datetime

from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.problems import NOT_FOUND
from contracts.tasks import GetTask, Task
from task_worker import store


async def get_task(query: GetTask, delivery: Delivery) -> Task:
    task = await store.find_task(delivery.connection, query.task_id, owner_id=delivery.actor_id)
    if task is None:
        raise Refusal(NOT_FOUND)
    return task.seen_by("owner", today=datetime.now(UTC).date())
