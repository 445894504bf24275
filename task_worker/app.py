from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.settings import WorkerSettings
from chassis.subscription import CommandSubscription, QuerySubscription
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.sharing import ChangeShare, ListShares, ShareTask, Unshare
from contracts.task_lists import GetTaskStats, ListTags, ListTasks
from contracts.tasks import (
    AddTags,
    CreateTask,
    DeleteTask,
    GetTask,
    RemoveTag,
    RestoreTask,
    UpdateTask,
    UpdateTasks,
)
from task_worker.handlers.add_tags import add_tags
from task_worker.handlers.change_share import change_share
from task_worker.handlers.create_task import create_task
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.get_task import get_task
from task_worker.handlers.get_task_stats import get_task_stats
from task_worker.handlers.list_shares import list_shares
from task_worker.handlers.list_tags import list_tags
from task_worker.handlers.list_tasks import list_tasks
from task_worker.handlers.remove_tag import remove_tag
from task_worker.handlers.restore_task import restore_task
from task_worker.handlers.share_task import share_task
from task_worker.handlers.unshare import unshare
from task_worker.handlers.update_task import update_task
from task_worker.handlers.update_tasks import update_tasks

SUBSCRIPTIONS = Subscriptions(
    commands=(
        CommandSubscription(CreateTask, create_task),
        CommandSubscription(UpdateTask, update_task),
        CommandSubscription(UpdateTasks, update_tasks),
        CommandSubscription(AddTags, add_tags),
        CommandSubscription(RemoveTag, remove_tag),
        CommandSubscription(DeleteTask, delete_task),
        CommandSubscription(RestoreTask, restore_task),
        CommandSubscription(ShareTask, share_task),
        CommandSubscription(ChangeShare, change_share),
        CommandSubscription(Unshare, unshare),
    ),
    queries=(
        QuerySubscription(GetTask, get_task),
        QuerySubscription(ListTasks, list_tasks),
        QuerySubscription(GetTaskStats, get_task_stats),
        QuerySubscription(ListTags, list_tags),
        QuerySubscription(ListShares, list_shares),
    ),
)


@asynccontextmanager
async def build(settings: WorkerSettings) -> AsyncIterator[Worker]:
    async with open_worker("task_worker", settings) as worker:
        worker.start(SUBSCRIPTIONS)
        yield worker
