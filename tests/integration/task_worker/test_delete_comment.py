import pytest
from asyncpg.pool import PoolConnectionProxy

from contracts.comments import CommentDeleted, DeleteComment
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from task_worker.handlers.delete_comment import delete_comment
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Look, Make, ShareWith, problem_of


@pytest.mark.parametrize("by_author", [False, True])
async def test_its_author_and_the_owner_delete_a_comment(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    make: Make,
    share: ShareWith,
    comment: CommentOn,
    look: Look,
    *,
    by_author: bool,
) -> None:
    task = await make()
    await share(task, grace, "view")
    before = await comment(task, grace)
    command = DeleteComment(comment_id=before.id)
    answer = await delete_comment(command, deliver(connection, grace if by_author else ada))
    [event] = answer.tells
    assert isinstance(event, CommentDeleted)
    assert (event.comment, event.audience) == (before, (ada.id, grace.id))
    assert (await look(task, ada)).comment_count == 0
    assert (await problem_of(delete_comment(command, deliver(connection, ada)))).type == NOT_FOUND


async def test_an_editor_does_not(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, comment: CommentOn
) -> None:
    task = await make()
    await share(task, grace, "edit")
    before = await comment(task, ada)
    attempt = delete_comment(DeleteComment(comment_id=before.id), deliver(connection, grace))
    assert (await problem_of(attempt)).type == FORBIDDEN
