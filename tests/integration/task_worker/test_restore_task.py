from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.problems import NOT_FOUND
from contracts.tasks import DeleteTask, RestoreTask, TaskRestored
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.restore_task import restore_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


async def test_a_deleted_task_comes_back_to_everybody(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, look: Look
) -> None:
    task = await make()
    await share(task, grace, "edit")
    await delete_task(DeleteTask(task_id=task.id), deliver(connection, ada))
    assert (await look(task, ada, deleted=True)).deleted_at is not None
    for attempt in (look(task, grace, deleted=True), look(task, ada)):
        assert (await problem_of(attempt)).type == NOT_FOUND
    command = RestoreTask(task_id=task.id)
    assert (await problem_of(restore_task(command, deliver(connection, grace)))).type == NOT_FOUND

    answer = await restore_task(command, deliver(connection, ada))
    assert (answer.reply.version, answer.reply.deleted_at) == (4, None)
    assert [(type(event), event.audience) for event in answer.tells] == [(TaskRestored, (ada.id, grace.id))]  # type: ignore[union-attr]
    assert (await look(task, grace)).title == task.title


async def test_what_is_not_deleted_stays_as_it_is(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task = await make()
    answer = await restore_task(RestoreTask(task_id=task.id), deliver(connection, ada))
    assert (answer.reply, answer.tells) == (task, ())
