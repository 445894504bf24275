from collections import Counter

from chassis.subscription import Delivery
from contracts.notices import ActivityCounts, CountActivity
from notifier.store import activity


async def count_activity(query: CountActivity, delivery: Delivery) -> ActivityCounts:
    actions, resources = Counter[str](), Counter[str]()
    for action, resource_type, times in await activity.count_activity(
        delivery.connection, delivery.actor_id, start=query.start, end=query.end
    ):
        actions[action] += times
        resources[resource_type] += times
    return ActivityCounts(total_activities=actions.total(), by_action=actions, by_resource=resources)
