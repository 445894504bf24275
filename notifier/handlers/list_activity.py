from chassis.subscription import Delivery
from contracts.notices import ActivityPage, ActivityPosition, ListActivity
from notifier import store


async def list_activity(query: ListActivity, delivery: Delivery) -> ActivityPage:
    entries = await store.list_activity(
        delivery.connection,
        actor_id=delivery.actor_id,
        action=query.action,
        resource_type=query.resource_type,
        task_id=query.task_id,
        start=query.start,
        end=query.end,
        after=query.after,
        limit=query.limit + 1,
    )
    page = entries[: query.limit]
    more = len(entries) > query.limit
    return ActivityPage(
        items=tuple(page), next=ActivityPosition(created_at=page[-1].created_at, id=page[-1].id) if more else None
    )
