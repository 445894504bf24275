from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.comments import DeleteComment, GetComment
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from task_worker.handlers.delete_comment import delete_comment
from task_worker.handlers.get_comment import get_comment
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Make, ShareWith, problem_of


async def test_a_comment_is_seen_by_whoever_sees_its_task(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    joan: Actor,
    make: Make,
    share: ShareWith,
    comment: CommentOn,
) -> None:
    """F31: what one may not see and what is not there are the same answer."""
    task = await make()
    await share(task, grace)
    written = await comment(task, ada)
    for reader in (ada, grace):
        assert await get_comment(GetComment(comment_id=written.id), deliver(connection, reader)) == written
    for comment_id in (written.id, uuid7()):
        attempt = get_comment(GetComment(comment_id=comment_id), deliver(connection, joan))
        assert (await problem_of(attempt)).type == NOT_FOUND


async def test_a_deleted_comment_is_not_there(
    connection: PoolConnectionProxy, ada: Actor, make: Make, comment: CommentOn
) -> None:
    written = await comment(await make(), ada)
    await delete_comment(DeleteComment(comment_id=written.id), deliver(connection, ada))
    assert (
        await problem_of(get_comment(GetComment(comment_id=written.id), deliver(connection, ada)))
    ).type == NOT_FOUND
