from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.notices import ActivityPage, ListTimeline
from contracts.problems import NOT_FOUND
from notifier.activity_pages import page_of
from notifier.store import activity


async def list_timeline(query: ListTimeline, delivery: Delivery) -> ActivityPage:
    if not await activity.may_see_task(delivery.connection, query.task_id, user_id=delivery.actor_id):
        raise Refusal(NOT_FOUND)
    entries = await activity.list_timeline(delivery.connection, query.task_id, after=query.after, limit=query.limit + 1)
    return page_of(entries, limit=query.limit)
