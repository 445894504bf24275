from chassis.subscription import Delivery
from contracts.notifications import ListNotifications, NotificationPage
from contracts.pages import IdPosition
from notifier.store import notifications


async def list_notifications(query: ListNotifications, delivery: Delivery) -> NotificationPage:
    found = await notifications.list_notifications(
        delivery.connection,
        delivery.actor_id,
        unread=query.unread,
        after=query.after.id if query.after else None,
        limit=query.limit + 1,
    )
    page, more = found[: query.limit], len(found) > query.limit
    return NotificationPage(items=tuple(page), next=IdPosition(id=page[-1].id) if more else None)
