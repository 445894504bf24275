import pytest
from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from contracts.sharing import TaskUnshared, Unshare
from task_worker.handlers.unshare import unshare
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_share_ends_by_its_owner_or_by_leaving(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    make: Make,
    share: ShareWith,
    look: Look,
    *,
    leaves: bool,
) -> None:
    """Pitfall F39"""
    task = await make()
    await share(task, grace, "edit")
    actor = grace if leaves else ada
    answer = await unshare(Unshare(task_id=task.id, username="grace"), deliver(connection, actor))
    assert (await problem_of(look(task, grace))).type == NOT_FOUND
    assert ((await look(task, ada)).share_count, (await look(task, ada)).version) == (0, 3)
    [event] = answer.tells
    assert isinstance(event, TaskUnshared)
    assert event.audience == (ada.id, grace.id)
    assert event.actor is not None
    assert event.actor.id == actor.id


async def test_nobody_else_may_end_it(
    connection: PoolConnectionProxy, grace: Actor, joan: Actor, make: Make, share: ShareWith
) -> None:
    task = await make()
    await share(task, grace, "edit")
    command = Unshare(task_id=task.id, username="grace")
    assert (await problem_of(unshare(command, deliver(connection, joan)))).type == NOT_FOUND
    await share(task, joan, "edit")
    assert (await problem_of(unshare(command, deliver(connection, joan)))).type == FORBIDDEN


async def test_the_owner_cannot_leave(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    command = Unshare(task_id=(await make()).id, username="ada")
    assert (await problem_of(unshare(command, deliver(connection, ada)))).type == NOT_FOUND
