from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.notifications import MarkRead
from contracts.problems import NOT_FOUND
from notifier.store import notifications


async def mark_read(command: MarkRead, delivery: Delivery) -> Answer:
    notification = await notifications.mark_read(
        delivery.connection, command.notification_id, user_id=delivery.actor_id
    )
    if notification is None:
        raise Refusal(NOT_FOUND)
    return Answer(notification)
