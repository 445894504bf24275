from chassis.subscription import Answer, Delivery
from contracts.notifications import MarkAllRead, NotificationCount
from notifier.store import notifications


async def mark_all_read(_: MarkAllRead, delivery: Delivery) -> Answer:
    return Answer(NotificationCount(count=await notifications.mark_all_read(delivery.connection, delivery.actor_id)))
