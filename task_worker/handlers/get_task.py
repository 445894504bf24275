from chassis.errors import Refusal
from chassis.pages import Written
from chassis.subscription import Delivery
from contracts.problems import NOT_FOUND
from contracts.tasks import GetTask, Task
from task_worker import permissions
from task_worker.store import written


async def get_task(query: GetTask, delivery: Delivery) -> Written[Task]:
    found = await written.find_task(delivery.connection, query.task_id, viewer=delivery.actor_id)
    if found is None:
        raise Refusal(NOT_FOUND)
    task, permission, deleted = found
    if deleted and not (query.deleted and permission == "owner"):
        raise Refusal(NOT_FOUND)
    permissions.require(query, permission)
    return Written(task.encode())
