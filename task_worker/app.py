from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from chassis.erasure import Eraser
from chassis.objects import Objects
from chassis.subscription import CommandSubscription, EventSubscription, QuerySubscription
from chassis.topology import TASK_EVENTS
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.comments import AddComment, DeleteComment, EditComment, GetComment, ListComments
from contracts.files import AttachFile, BeginUpload, EraseFile, GetFile, ListFiles, RemoveFile
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
from task_worker.duties import DUTIES
from task_worker.handlers.add_comment import add_comment, add_each
from task_worker.handlers.add_tags import add_tags
from task_worker.handlers.attach_file import AttachFileHandler
from task_worker.handlers.begin_upload import BeginUploadHandler
from task_worker.handlers.change_share import change_share
from task_worker.handlers.create_task import create_each, create_task
from task_worker.handlers.delete_comment import delete_comment
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.edit_comment import edit_comment
from task_worker.handlers.erase_file import EraseFileHandler
from task_worker.handlers.follow_people import follow_people
from task_worker.handlers.get_comment import get_comment
from task_worker.handlers.get_file import get_file
from task_worker.handlers.get_task import get_task
from task_worker.handlers.get_task_stats import get_task_stats
from task_worker.handlers.list_comments import list_comments
from task_worker.handlers.list_files import list_files
from task_worker.handlers.list_shares import list_shares
from task_worker.handlers.list_tags import list_tags
from task_worker.handlers.list_tasks import list_tasks
from task_worker.handlers.remove_file import remove_file
from task_worker.handlers.remove_tag import remove_tag
from task_worker.handlers.restore_task import restore_task
from task_worker.handlers.share_task import share_task
from task_worker.handlers.unshare import unshare
from task_worker.handlers.update_task import update_each, update_task
from task_worker.handlers.update_tasks import update_tasks
from task_worker.quota import Quota
from task_worker.settings import Settings


class _OfOneTask(Protocol):
    @property
    def task_id(self) -> UUID: ...


def _task_of(command: _OfOneTask) -> UUID:
    return command.task_id


def subscriptions(settings: Settings) -> Subscriptions:
    quota = Quota(settings.files_per_task, settings.file_quota)
    return Subscriptions(
        commands=(
            CommandSubscription(CreateTask, create_task, _task_of, create_each),
            CommandSubscription(UpdateTask, update_task, _task_of, update_each),
            CommandSubscription(UpdateTasks, update_tasks),
            CommandSubscription(AddTags, add_tags, _task_of),
            CommandSubscription(RemoveTag, remove_tag, _task_of),
            CommandSubscription(DeleteTask, delete_task, _task_of),
            CommandSubscription(RestoreTask, restore_task, _task_of),
            CommandSubscription(ShareTask, share_task, _task_of),
            CommandSubscription(ChangeShare, change_share, _task_of),
            CommandSubscription(Unshare, unshare, _task_of),
            CommandSubscription(AddComment, add_comment, _task_of, add_each),
            CommandSubscription(EditComment, edit_comment),
            CommandSubscription(DeleteComment, delete_comment),
            CommandSubscription(BeginUpload, BeginUploadHandler(quota)),
            CommandSubscription(AttachFile, AttachFileHandler(quota)),
            CommandSubscription(RemoveFile, remove_file),
            CommandSubscription(EraseFile, EraseFileHandler(Objects(settings.object_storage_url))),
        ),
        queries=(
            QuerySubscription(GetTask, get_task),
            QuerySubscription(ListTasks, list_tasks),
            QuerySubscription(GetTaskStats, get_task_stats),
            QuerySubscription(ListTags, list_tags),
            QuerySubscription(ListShares, list_shares),
            QuerySubscription(GetComment, get_comment),
            QuerySubscription(ListComments, list_comments),
            QuerySubscription(GetFile, get_file),
            QuerySubscription(ListFiles, list_files),
        ),
        events=(EventSubscription(TASK_EVENTS.name, follow_people),),
    )


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    async with open_worker("task_worker", settings) as worker:
        worker.start(subscriptions(settings))
        worker.start_duties(DUTIES)
        worker.start_background(Eraser(worker.database).keep())
        yield worker
