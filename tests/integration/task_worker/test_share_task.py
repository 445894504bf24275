import asyncio

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import ALREADY_SHARED, PRECONDITION_FAILED, VALIDATION_FAILED, Problem
from contracts.sharing import Share, ShareTask, TaskShared
from contracts.tasks import Change, CreateTask, NewTask
from task_worker.handlers.share_task import share_task
from tests.integration.conftest import BUDGET
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, problem_of


def person(actor: Actor) -> Person:
    return Person(id=actor.id, username=actor.username)


async def test_both_see_a_shared_task_and_are_told(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, look: Look
) -> None:
    task = await make()
    command = ShareTask(task_id=task.id, user=person(grace), permission="edit", if_match=(1,))
    answer = await share_task(command, deliver(connection, ada))

    seen = await look(task, grace)
    assert (seen.my_permission, seen.share_count, seen.version) == ("edit", 1, 2)
    share = answer.reply
    assert share == Share(task_id=task.id, user=person(grace), permission="edit", shared_at=seen.updated_at, version=2)
    [event] = answer.tells
    assert isinstance(event, TaskShared)
    assert (event.share, event.actor, event.audience) == (share, person(ada), (ada.id, grace.id))
    assert event.changes == {"permission": Change(old=None, new="edit")}


async def test_a_task_is_shared_once_with_one_person(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, look: Look
) -> None:
    task = await make()
    command = ShareTask(task_id=task.id, user=person(grace), permission="view")
    await share_task(command, deliver(connection, ada))
    assert await problem_of(share_task(command, deliver(connection, ada))) == Problem(type=ALREADY_SHARED)
    assert (await look(task, ada)).version == 2


async def test_nobody_shares_with_himself(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    command = ShareTask(task_id=(await make()).id, user=person(ada), permission="view")
    problem = await problem_of(share_task(command, deliver(connection, ada)))
    assert (problem.type, problem.errors[0].pointer) == (VALIDATION_FAILED, "#/shared_with_username")


async def test_an_older_version_is_not_shared(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make
) -> None:
    command = ShareTask(task_id=(await make()).id, user=person(grace), permission="view", if_match=(7,))
    assert (await problem_of(share_task(command, deliver(connection, ada)))).type == PRECONDITION_FAILED


@pytest.mark.usefixtures("running_task_worker")
async def test_of_many_at_once_one_shares(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor, grace: Actor
) -> None:
    """Pitfall F37"""
    create = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    await requests.ask(create, Sender(uuid7(), ada, BUDGET))

    async def attempt() -> str:
        command = ShareTask(task_id=create.task_id, user=person(grace), permission="view")
        try:
            return str((await requests.ask(command, Sender(uuid7(), ada, BUDGET))).status)
        except Refusal as refusal:
            return refusal.problem.type.code

    assert sorted(await asyncio.gather(*(attempt() for _ in range(6)))) == ["201", *["already-shared"] * 5]
    assert await superuser.fetchval("SELECT count(*) FROM tasks.shares") == 1
    assert await superuser.fetchval("SELECT count(*) FROM tasks.event_log") == 2
