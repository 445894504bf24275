from chassis.subscription import Delivery
from contracts.task_lists import ListTags, TagPage, TagPosition
from task_worker.store import counts


async def list_tags(query: ListTags, delivery: Delivery) -> TagPage:
    after = query.after.tag if query.after else None
    found = await counts.list_tags(delivery.connection, delivery.actor_id, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    return TagPage(items=tuple(page), next=TagPosition(tag=page[-1].tag) if len(found) > query.limit else None)
