from datetime import UTC, datetime

from chassis.subscription import Delivery
from contracts.tasks import GetTask, Task
from task_worker.open_task import see_task


async def get_task(query: GetTask, delivery: Delivery) -> Task:
    task, permission = await see_task(query, delivery, query.task_id, deleted=query.deleted)
    return task.seen_by(permission, at=datetime.now(UTC))
