from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.comments import GetComment
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from contracts.tasks import DeleteTask
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.get_comment import get_comment
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Make, problem_of


async def test_a_comment_is_seen_with_its_task(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, comment: CommentOn
) -> None:
    written = await comment(await make(), ada)
    assert await get_comment(GetComment(comment_id=written.id), deliver(connection, ada)) == written
    assert (
        await problem_of(get_comment(GetComment(comment_id=written.id), deliver(connection, grace)))
    ).type == NOT_FOUND


async def test_a_comment_goes_with_its_task(
    connection: PoolConnectionProxy, ada: Actor, make: Make, comment: CommentOn
) -> None:
    written = await comment(await make(), ada)
    await delete_task(DeleteTask(task_id=written.task_id), deliver(connection, ada))
    for comment_id in (written.id, uuid7()):
        refused = await problem_of(get_comment(GetComment(comment_id=comment_id), deliver(connection, ada)))
        assert refused.type == NOT_FOUND
