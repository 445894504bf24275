from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.problems import NOT_FOUND, Problem
from contracts.sharing import ChangeShare, ShareUpdated
from contracts.tasks import Change
from task_worker.handlers.change_share import change_share
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


async def test_a_permission_is_changed_and_told(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, look: Look
) -> None:
    """Pitfall F19"""
    task = await make()
    await share(task, grace, "view")
    command = ChangeShare(task_id=task.id, username="GRACE", permission="edit")
    answer = await change_share(command, deliver(connection, ada))
    assert (answer.reply.permission, answer.reply.version) == ("edit", 3)
    assert (await look(task, grace)).my_permission == "edit"
    [event] = answer.tells
    assert isinstance(event, ShareUpdated)
    assert event.changes == {"permission": Change(old="view", new="edit")}
    assert event.audience == (ada.id, grace.id)


async def test_the_same_permission_is_no_change(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith
) -> None:
    task = await make()
    await share(task, grace, "view")
    command = ChangeShare(task_id=task.id, username="grace", permission="view")
    answer = await change_share(command, deliver(connection, ada))
    assert (answer.reply.version, answer.tells) == (2, ())


async def test_a_share_that_is_not_there_is_not_found(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    command = ChangeShare(task_id=(await make()).id, username="grace", permission="view")
    assert await problem_of(change_share(command, deliver(connection, ada))) == Problem(type=NOT_FOUND)
