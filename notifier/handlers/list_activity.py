from chassis.subscription import Delivery
from contracts.notices import ActivityPage, ListActivity
from notifier.activity_pages import page_of
from notifier.store import activity


async def list_activity(query: ListActivity, delivery: Delivery) -> ActivityPage:
    entries = await activity.list_activity(
        delivery.connection,
        user_id=delivery.actor_id,
        visible=query.scope == "visible",
        action=query.action,
        resource_type=query.resource_type,
        task_id=query.task_id,
        start=query.start,
        end=query.end,
        after=query.after,
        limit=query.limit + 1,
    )
    return page_of(entries, limit=query.limit)
