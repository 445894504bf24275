from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.sharing import ListShares
from task_worker.handlers.list_shares import list_shares
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, ShareWith


async def test_shares_are_listed_oldest_first_page_by_page(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, joan: Actor, make: Make, share: ShareWith
) -> None:
    task = await make()
    await share(task, joan, "edit")
    await share(task, grace, "view")
    page = await list_shares(ListShares(task_id=task.id, limit=1), deliver(connection, ada))
    rest = await list_shares(ListShares(task_id=task.id, after=page.next), deliver(connection, joan))
    assert [(each.user.username, each.permission) for each in (*page.items, *rest.items)] == [
        ("joan", "edit"),
        ("grace", "view"),
    ]
    assert rest.next is None
