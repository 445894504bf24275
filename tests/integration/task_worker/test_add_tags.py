import asyncio

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.requests import Requests, Sender
from contracts.message import Actor
from contracts.tasks import AddTags, Change, CreateTask, NewTask, TagsChanged
from task_worker.handlers.add_tags import add_tags
from tests.integration.conftest import BUDGET
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make


async def test_tags_are_added_to_those_that_are_there(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    """Pitfall F19"""
    task = await make(tags=("home",))
    answer = await add_tags(AddTags(task_id=task.id, tags=("Garden", "home")), deliver(connection, ada))
    assert (answer.reply.tags, answer.reply.version) == (("home", "garden"), 2)
    [event] = answer.tells
    assert isinstance(event, TagsChanged)
    assert event.changes == {"tags": Change(old=("home",), new=("home", "garden"))}


async def test_tags_that_are_there_are_no_change(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task = await make(tags=("home",))
    answer = await add_tags(AddTags(task_id=task.id, tags=("HOME",)), deliver(connection, ada))
    assert (answer.reply, answer.tells) == (task, ())


@pytest.mark.usefixtures("running_task_worker")
async def test_tags_added_at_once_are_all_there(requests: Requests, superuser: asyncpg.Connection, ada: Actor) -> None:
    """Pitfall F28"""
    create = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    await requests.ask(create, Sender(uuid7(), ada, BUDGET))
    tags = [f"tag {number}" for number in range(8)]
    additions = [AddTags(task_id=create.task_id, tags=(tag,)) for tag in tags]
    await asyncio.gather(*(requests.ask(command, Sender(uuid7(), ada, BUDGET)) for command in additions))
    assert sorted(await superuser.fetchval("SELECT tags FROM tasks.tasks")) == tags
    assert await superuser.fetchval("SELECT count(*) FROM tasks.event_log") == 9
