from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.problems import NOT_FOUND
from contracts.tasks import RemoveTag, TagsChanged
from task_worker.handlers.remove_tag import remove_tag
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, problem_of


async def test_a_tag_is_removed_once(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    """Pitfall F19"""
    task = await make(tags=("home", "garden"))
    command = RemoveTag(task_id=task.id, tag="Home")
    answer = await remove_tag(command, deliver(connection, ada))
    assert (answer.reply.tags, [type(event) for event in answer.tells]) == (("garden",), [TagsChanged])
    assert (await problem_of(remove_tag(command, deliver(connection, ada)))).type == NOT_FOUND
