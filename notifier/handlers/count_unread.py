from chassis.subscription import Delivery
from contracts.notifications import CountUnread, NotificationCount
from notifier.store import notifications


async def count_unread(_: CountUnread, delivery: Delivery) -> NotificationCount:
    return NotificationCount(count=await notifications.count_unread(delivery.connection, delivery.actor_id))
