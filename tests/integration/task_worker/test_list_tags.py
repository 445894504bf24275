from asyncpg.pool import PoolConnectionProxy

from contracts.message import Actor
from contracts.task_lists import ListTags, TagCount, TagPage
from contracts.tasks import RemoveTag
from task_worker.handlers.list_tags import list_tags
from task_worker.handlers.remove_tag import remove_tag
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Make, ShareWith


async def test_tags_are_listed_with_their_counts(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    await make(tags=("home", "garden"))
    await make(tags=("home",))
    page = await list_tags(ListTags(limit=1), deliver(connection, ada))
    rest = await list_tags(ListTags(after=page.next), deliver(connection, ada))
    assert [*page.items, *rest.items] == [TagCount(tag="garden", count=1), TagCount(tag="home", count=2)]
    assert rest.next is None


async def test_a_tag_goes_with_its_last_task(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, share: ShareWith
) -> None:
    task = await make(tags=("home",))
    await share(task, grace)
    assert (await list_tags(ListTags(), deliver(connection, grace))) == TagPage(items=(), next=None)
    await remove_tag(RemoveTag(task_id=task.id, tag="home"), deliver(connection, ada))
    assert (await list_tags(ListTags(), deliver(connection, ada))) == TagPage(items=(), next=None)
