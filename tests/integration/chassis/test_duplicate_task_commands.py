from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.requests import Requests
from contracts.comments import AddComment, DeleteComment, EditComment
from contracts.files import AttachFile, BeginUpload, EraseFile, RemoveFile
from contracts.message import Actor, Command
from contracts.people import Person
from contracts.sharing import ChangeShare, ShareTask, Unshare
from contracts.tasks import (
    AddTags,
    CreateTask,
    DeleteTask,
    NewTask,
    RemoveTag,
    RestoreTask,
    TaskPatch,
    UpdateTask,
    UpdateTasks,
)
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.chassis.duplicator import as_sent, ask_three_times, publish_three_times

TASK, COMMENT, FILE, GRACE = uuid7(), uuid7(), uuid7(), Person(id=uuid7(), username="grace")
ASKED: tuple[Command[Any], ...] = (
    CreateTask(task_id=TASK, task=NewTask(title="a")),
    UpdateTask(task_id=TASK, patch=TaskPatch(title="b")),
    UpdateTasks(task_ids=(TASK,), patch=TaskPatch(title="c")),
    AddTags(task_id=TASK, tags=("home",)),
    RemoveTag(task_id=TASK, tag="home"),
    ShareTask(task_id=TASK, user=GRACE, permission="view"),
    ChangeShare(task_id=TASK, username="grace", permission="edit"),
    Unshare(task_id=TASK, username="grace"),
    AddComment(task_id=TASK, comment_id=COMMENT, content="a"),
    EditComment(comment_id=COMMENT, content="b"),
    DeleteComment(comment_id=COMMENT),
    BeginUpload(task_id=TASK, file_id=FILE),
    AttachFile(task_id=TASK, file_id=FILE, filename="a.txt", content_type="text/plain", size=1, sha256="0" * 64),
    RemoveFile(file_id=FILE),
    DeleteTask(task_id=TASK),
    RestoreTask(task_id=TASK),
)
TRIED = {EraseFile, *map(type, ASKED)}


@pytest.mark.usefixtures("running_task_worker")
async def test_what_a_user_asks(requests: Requests, superuser: asyncpg.Connection, ada: Actor) -> None:
    for command in ASKED:
        await ask_three_times(requests, command, ada)
    # Every change is one version; beginning an upload is none.
    versions = await superuser.fetch("SELECT aggregate_version FROM tasks.event_log ORDER BY 1")
    assert [row["aggregate_version"] for row in versions] == list(range(1, len(ASKED)))


@pytest.mark.usefixtures("running_task_worker")
async def test_a_file_is_erased(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    """What is not there is erased, so that once more is no harm."""
    await publish_three_times(addresses, "task_worker", as_sent(EraseFile(file_id=uuid7())))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.inbox WHERE status = 204"))
