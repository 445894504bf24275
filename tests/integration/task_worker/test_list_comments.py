from asyncpg.pool import PoolConnectionProxy

from contracts.comments import ListComments
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from task_worker.handlers.list_comments import list_comments
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Make, problem_of


async def test_comments_are_listed_oldest_first_with_their_authors(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, comment: CommentOn
) -> None:
    task = await make()
    written = [await comment(task, ada, str(number)) for number in range(3)]
    page = await list_comments(ListComments(task_id=task.id, limit=2), deliver(connection, ada))
    rest = await list_comments(ListComments(task_id=task.id, after=page.next), deliver(connection, ada))
    assert [*page.items, *rest.items] == written
    assert {each.author.username for each in page.items} == {"ada"}
    assert rest.next is None
    assert (
        await problem_of(list_comments(ListComments(task_id=task.id), deliver(connection, grace)))
    ).type == NOT_FOUND
