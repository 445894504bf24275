from collections.abc import Sequence

from chassis.subscription import Delivery
from contracts.notices import ActivityEntry, ActivityPage, ActivityPosition, ListActivity
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


def page_of(entries: Sequence[ActivityEntry], *, limit: int) -> ActivityPage:
    """Of one entry more than fit, if there are."""
    page, more = entries[:limit], len(entries) > limit
    return ActivityPage(
        items=tuple(page), next=ActivityPosition(created_at=page[-1].created_at, id=page[-1].id) if more else None
    )
