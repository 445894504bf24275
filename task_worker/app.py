from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.settings import WorkerSettings
from chassis.subscription import CommandSubscription, QuerySubscription
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.tasks import CreateTask, DeleteTask, GetTask, ListTasks, UpdateTask
from task_worker.handlers.create_task import create_task
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.get_task import get_task
from task_worker.handlers.list_tasks import list_tasks
from task_worker.handlers.update_task import update_task

SUBSCRIPTIONS = Subscriptions(
    commands=(
        CommandSubscription(CreateTask, create_task),
        CommandSubscription(UpdateTask, update_task),
        CommandSubscription(DeleteTask, delete_task),
    ),
    queries=(
        QuerySubscription(GetTask, get_task),
        QuerySubscription(ListTasks, list_tasks),
    ),
)


@asynccontextmanager
async def build(settings: WorkerSettings) -> AsyncIterator[Worker]:
    async with open_worker("task_worker", settings) as worker:
        worker.start(SUBSCRIPTIONS)
        yield worker
