from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.pages import IdPosition
from contracts.problems import NOT_FOUND
from contracts.webhooks import DeliveryPage, ListDeliveries
from notifier.store import deliveries, webhooks


async def list_deliveries(query: ListDeliveries, delivery: Delivery) -> DeliveryPage:
    webhook = await webhooks.find_webhook(delivery.connection, query.webhook_id, owner_id=delivery.actor_id)
    if webhook is None:
        raise Refusal(NOT_FOUND)
    found = await deliveries.list_deliveries(
        delivery.connection,
        query.webhook_id,
        after=query.after.id if query.after else None,
        limit=query.limit + 1,
    )
    page, more = found[: query.limit], len(found) > query.limit
    return DeliveryPage(items=tuple(page), next=IdPosition(id=page[-1].id) if more else None)
