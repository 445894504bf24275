"""What handlers write as JSON, read as whoever asked would."""

from chassis.subscription import Delivery
from contracts.task_lists import ListTasks, TaskPage
from contracts.tasks import GetTask, Task
from task_worker.handlers import get_task as getting
from task_worker.handlers import list_tasks as listing


async def list_tasks(query: ListTasks, delivery: Delivery) -> TaskPage:
    return TaskPage.model_validate_json((await listing.list_tasks(query, delivery)).body)


async def get_task(query: GetTask, delivery: Delivery) -> Task:
    return Task.model_validate_json((await getting.get_task(query, delivery)).body)
