from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.comments import AddComment, Comment, CommentAdded
from contracts.message import Actor
from contracts.people import Person
from contracts.problems import NOT_FOUND
from contracts.tasks import Change
from task_worker.handlers.add_comment import add_comment
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


async def test_who_sees_a_task_may_comment_on_it(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith, look: Look
) -> None:
    task = await make()
    await share(task, grace, "view")
    command = AddComment(task_id=task.id, comment_id=uuid7(), content="Twice.")
    answer = await add_comment(command, deliver(connection, grace))

    seen = await look(task, ada)
    assert (seen.comment_count, seen.version) == (1, 3)
    assert answer.reply == Comment(
        id=command.comment_id,
        task_id=task.id,
        author=Person(id=grace.id, username="grace"),
        content="Twice.",
        edited=False,
        version=1,
        created_at=seen.updated_at,
        updated_at=seen.updated_at,
    )
    [event] = answer.tells
    assert isinstance(event, CommentAdded)
    assert (event.comment, event.audience) == (answer.reply, (ada.id, grace.id))
    assert event.changes == {"content": Change(old=None, new="Twice.")}
    assert (event.aggregate_id, event.aggregate_version) == (task.id, 3)


async def test_nobody_else_may(connection: PoolConnectionProxy, grace: Actor, make: Make) -> None:
    command = AddComment(task_id=(await make()).id, comment_id=uuid7(), content="Twice.")
    assert (await problem_of(add_comment(command, deliver(connection, grace)))).type == NOT_FOUND
