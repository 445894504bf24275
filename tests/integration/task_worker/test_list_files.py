from asyncpg.pool import PoolConnectionProxy

from contracts.files import ListFiles
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from task_worker.handlers.list_files import list_files
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Make, problem_of


async def test_files_are_listed_oldest_first_page_by_page(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, attach: AttachTo
) -> None:
    task, other = await make(), await make()
    await attach(other, ada)
    attached = [await attach(task, ada) for _ in range(3)]
    page = await list_files(ListFiles(task_id=task.id, limit=2), deliver(connection, ada))
    rest = await list_files(ListFiles(task_id=task.id, limit=2, after=page.next), deliver(connection, ada))
    assert [*page.items, *rest.items] == attached
    assert rest.next is None
    assert (await problem_of(list_files(ListFiles(task_id=task.id), deliver(connection, grace)))).type == NOT_FOUND
