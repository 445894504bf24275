from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.task_lists import ListTags
from contracts.tasks import DeleteTask, RestoreTask
from task_worker.handlers.delete_task import delete_task
from task_worker.handlers.list_tags import list_tags
from task_worker.handlers.restore_task import restore_task
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, ShareWith


async def counted(connection: PoolConnectionProxy, actor: Actor) -> dict[str, int]:
    page = await list_tags(ListTags(), deliver(connection, actor))
    return {each.tag: each.count for each in page.items}


async def test_tags_are_counted_at_once(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith
) -> None:
    task = await make(tags=("home", "garden"))
    await make(tags=("home",))
    await share(task, grace)
    assert await counted(connection, ada) == {"garden": 1, "home": 2}
    assert await counted(connection, grace) == {}
    await delete_task(DeleteTask(task_id=task.id), deliver(connection, ada))
    assert await counted(connection, ada) == {"home": 1}
    await restore_task(RestoreTask(task_id=task.id), deliver(connection, ada))
    assert await counted(connection, ada) == {"garden": 1, "home": 2}


async def test_tags_come_in_the_order_of_the_alphabet_page_by_page(
    connection: PoolConnectionProxy, ada: Actor, make: Make
) -> None:
    await make(tags=("b", "c", "a"))
    page = await list_tags(ListTags(limit=2), deliver(connection, ada))
    rest = await list_tags(ListTags(limit=2, after=page.next), deliver(connection, ada))
    assert [[each.tag for each in found.items] for found in (page, rest)] == [["a", "b"], ["c"]]
    assert rest.next is None
