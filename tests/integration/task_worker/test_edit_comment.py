from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.comments import CommentEdited, EditComment
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND, PRECONDITION_FAILED, Problem
from task_worker.handlers.edit_comment import edit_comment
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Look, Make, ShareWith, problem_of


async def test_its_author_edits_a_comment(
    connection: PoolConnectionProxy, ada: Actor, make: Make, comment: CommentOn, look: Look
) -> None:
    task = await make()
    before = await comment(task, ada)
    command = EditComment(comment_id=before.id, content="Thrice.", if_match=(1,))
    answer = await edit_comment(command, deliver(connection, ada))
    assert (answer.reply.content, answer.reply.edited, answer.reply.version) == ("Thrice.", True, 2)
    assert [type(event) for event in answer.tells] == [CommentEdited]
    assert (await look(task, ada)).version == 3
    problem = await problem_of(edit_comment(command, deliver(connection, ada)))
    assert problem == Problem(type=PRECONDITION_FAILED, facts={"current_etag": '"2"'})


async def test_the_same_words_are_no_change(
    connection: PoolConnectionProxy, ada: Actor, make: Make, comment: CommentOn
) -> None:
    before = await comment(await make(), ada)
    answer = await edit_comment(EditComment(comment_id=before.id, content="Twice."), deliver(connection, ada))
    assert (answer.reply, answer.tells) == (before, ())


async def test_nobody_edits_what_another_wrote(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, comment: CommentOn
) -> None:
    task = await make()
    await share(task, grace, "edit")
    before = await comment(task, grace)
    command = EditComment(comment_id=before.id, content="Thrice.")
    assert (await problem_of(edit_comment(command, deliver(connection, ada)))).type == FORBIDDEN
    missing = EditComment(comment_id=uuid7(), content="Thrice.")
    assert (await problem_of(edit_comment(missing, deliver(connection, ada)))).type == NOT_FOUND
